/** Every prerequisite on each host and between each pair, with what to do; the same rules and texts as a preview. */
import { PlacementError } from "../core/errors";
import type { Clock } from "../core/ports";
import { type Finding, findings, showFinding } from "../core/rules";
import { moveFacts } from "../preflight/facts";
import type { Hosts } from "../observe/hosts";
import { table } from "./table";

export interface Diagnosis {
  hosts: { host: string; libvirt: string | undefined; qemu: string | undefined; findings: Finding[] }[];
  pairs: { from: string; to: string; findings: Finding[] }[];
}

/** No VM has it: the rules that look at one have nothing to say. */
const noDomain = "00000000-0000-0000-0000-000000000000";

export async function doctor(hosts: Hosts, names: readonly string[], tls: boolean, clock: Clock): Promise<Diagnosis> {
  const each = await Promise.all(
    names.map(async (host) => {
      try {
        const { libvirt, qemu } = await (await hosts.virsh(host)).versions();
        return { host, libvirt, qemu, findings: [] };
      } catch (error) {
        return { host, libvirt: undefined, qemu: undefined, findings: [unanswered(error, host)] };
      }
    }),
  );
  const well = each.filter(({ findings }) => findings.length === 0).map(({ host }) => host);
  const pairs = well.flatMap((from) => well.filter((to) => to !== from).map((to) => ({ from, to })));
  return {
    hosts: each,
    pairs: await Promise.all(
      pairs.map(async ({ from, to }) => {
        const options = { mode: "auto", ...(tls && { tls }) } as const;
        const move = {
          uuid: noDomain,
          state: "running",
          from,
          to,
          command: "virsh migrate",
          how: "live",
          options,
        } as const;
        try {
          return { from, to, findings: findings(await moveFacts(hosts, move, clock)) };
        } catch (error) {
          return { from, to, findings: [unanswered(error, to)] };
        }
      }),
    ),
  };
}

function unanswered(error: unknown, host: string): Finding {
  if (!(error instanceof PlacementError)) throw error;
  const { code, why, next } = error;
  return {
    rule: "reachable",
    severity: "blocker",
    code,
    where: error.host ?? host,
    message: `${host} cannot be asked: ${why}`,
    next,
  };
}

export function isWell({ hosts, pairs }: Diagnosis): boolean {
  return ![...hosts, ...pairs].some(({ findings }) => findings.some(({ severity }) => severity === "blocker"));
}

export function showDiagnosis({ hosts, pairs }: Diagnosis): string {
  const said = (all: readonly Finding[]) =>
    all.length === 0 ? "ok" : all.map((finding) => `${finding.severity}: ${showFinding(finding)}`).join("\n    ");
  return table([
    ["HOST OR PAIR", "LIBVIRT", "QEMU", "STATE"],
    ...hosts.map(({ host, libvirt, qemu, findings }) => [host, libvirt ?? "?", qemu ?? "?", said(findings)]),
    ...pairs.map(({ from, to, findings }) => [`${from} → ${to}`, "", "", said(findings)]),
  ]);
}
