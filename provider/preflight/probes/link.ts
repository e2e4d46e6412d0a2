import { wholeNumber } from "../../core/numbers";
import type { Hosts } from "../../observe/hosts";
import { head, sections } from "../../virsh/sections";
import { sh, type ShellScript } from "../../virsh/shellScript";

/** A preview of many changes asks for each link once. */
const validMs = 60_000;

/** The speed of the link from the source towards an address; undefined where it is not known. */
export async function linkTo(
  hosts: Hosts,
  source: string,
  dataAddress: string | undefined,
): Promise<LinkSpeed | undefined> {
  if (dataAddress === undefined) return undefined;
  const answer = await hosts.remember(
    `${source}: link to ${dataAddress}`,
    validMs,
    async () => (await hosts.on(source)).inquireShell(linkScript(dataAddress)),
    (result) => result !== undefined,
  );
  return parseLinkSpeed(answer?.stdout ?? "");
}

/**
 * The speed of the link towards the destination. A tunnel's is left out: the kernel reports a constant for it, on some versions 10 Mbit/s.
 */
function linkScript(dataAddress: string): ShellScript {
  return sh`${head}
s speed; d=$(ip route get ${dataAddress} 2>/dev/null | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p' | head -n 1); n="/sys/class/net/$d"; [ -n "$d" ] && [ ! -e "$n/tun_flags" ] && cat "$n/speed" 2>/dev/null && [ -e "$n/device" ] && echo physical
s end`;
}

interface LinkSpeed {
  bytesPerSecond: number;
  /** A network card's. Bridges, bonds and veth report numbers that need not hold. */
  isPhysical: boolean;
}

export function parseLinkSpeed(text: string): LinkSpeed | undefined {
  const [speed = "", kind] = (sections(text).get("speed") ?? "").split("\n");
  // The kernel has -1 where the speed is not known.
  const megabits = wholeNumber(speed, maxMegabits) ?? 0;
  return megabits > 0 ? { bytesPerSecond: (megabits * 1_000_000) / 8, isPhysical: kind === "physical" } : undefined;
}

/** A hundred times the fastest link of today. */
const maxMegabits = 100_000_000;
