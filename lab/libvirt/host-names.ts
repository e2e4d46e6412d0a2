import { hostsOfReleases, ownRelease, type HostOfRelease } from "./releases/releases";

/** As in `LabOptions`. */
interface Asked {
  hosts?: number | readonly string[];
  releases?: readonly string[];
}

/** What a lab's hosts are called and which release they are of. */
export function hostsOf({ hosts, releases }: Asked): HostOfRelease[] {
  if (releases === undefined) return hostNames(hosts ?? 2).map((name) => ({ name, release: ownRelease() }));
  if (hosts !== undefined && typeof hosts !== "number")
    throw new Error("hosts of releases are named for these: give their number");
  return hostsOfReleases(releases, hosts ?? 1);
}

function hostNames(hosts: number | readonly string[]): string[] {
  if (typeof hosts !== "number") return checkedNames([...hosts]);
  if (!Number.isInteger(hosts) || hosts < 1 || hosts > 26) throw new Error(`hosts must be 1 to 26, not ${hosts}`);
  return Array.from({ length: hosts }, (_, index) => `kvm-${String.fromCharCode(97 + index)}`);
}

function checkedNames(names: string[]): string[] {
  const wrong = names.find((name) => !/^[a-z][a-z0-9-]{0,30}$/.test(name) || name === "switch");
  if (wrong !== undefined) throw new Error(`not a name for a host: ${wrong}`);
  if (new Set(names).size < names.length) throw new Error(`two hosts have one name: ${names.join(", ")}`);
  return names;
}
