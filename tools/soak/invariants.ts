import type { Lab } from "../../lab/libvirt";
import { eventually } from "../../lab/libvirt/commands";
import type { Sampler } from "../../lab/faults/sampler";

/** One text for each invariant that does not hold of a VM which should run on this host. */
export async function violations(lab: Lab, sampler: Sampler, domain: string, to: string): Promise<string[]> {
  let found: string[] = [];
  const check = async () => ((found = await ofHosts(lab, sampler, domain, to)).length === 0 ? true : undefined);
  await eventually(check, 20_000, 300);
  if (sampler.doubled) found.push(`${domain} ran on two hosts at once`);
  const serials = await Promise.all(lab.hosts.map(({ name }) => lab.serial(domain, name)));
  if (serials.some((serial) => serial.includes("!"))) found.push(`${domain}'s memory was damaged`);
  if (serials.join("").split("B").length > 2) found.push(`${domain} was booted again`);
  return found;
}

async function ofHosts(lab: Lab, sampler: Sampler, domain: string, to: string): Promise<string[]> {
  const found: string[] = [];
  const runsOn = sampler.runsOn().join(" and ");
  if (runsOn !== to) found.push(`${domain} runs on ${runsOn || "no host"}, not on ${to}`);
  for (const host of lab.hosts) {
    const names = (await host.sh("virsh -q list --all --name")).stdout.split("\n");
    if (names.includes(domain) !== (host.name === to))
      found.push(`${domain} is ${host.name === to ? "not " : ""}defined on ${host.name}`);
  }
  return found;
}
