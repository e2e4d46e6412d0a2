/** What a host reports of its own past and of a VM's: the script that asks, and the reader of its answer. */
import type { Past } from "../core/decide/past";
import { sh, type ShellScript } from "./shellScript";

/** Needs no right but for the VM's log and definition, which are root's: without it these lines are missing. */
export function pastScript(name: string, uuid: string): ShellScript {
  // The brackets keep this script itself from being found.
  const ofDomain = `[ ]-uuid ${uuid}`;
  return sh`name=${name}
echo "now $(date +%s)"
echo "up $(cut -d ' ' -f 1 /proc/uptime)"
ps -eo etimes=,args= | grep -e ${ofDomain} | head -n 1 | while read -r seconds args; do echo "qemu $seconds"; done
stat -c 'defined %Y' "/etc/libvirt/qemu/$name.xml" 2>/dev/null
tail -c 300000 "/var/log/libvirt/qemu/$name.log" 2>/dev/null |
  grep -a -o -e '^[0-9-]* [0-9:.]*+0000: starting up' -e '^[0-9-]* [0-9:.]*+0000: initiating migration' -e '^-incoming' | tail -n 8`;
}

export function parsePast(host: string, text: string): Past | undefined {
  const number = (key: string) => {
    const value = new RegExp(`^${key} (\\d{1,15}(?:\\.\\d{1,9})?)$`, "m").exec(text)?.[1];
    return value === undefined ? undefined : Number(value) * 1000;
  };
  const [now, upMs, qemuMs, definedAt] = ["now", "up", "qemu", "defined"].map(number);
  if (now === undefined || upMs === undefined) return undefined;
  let last: Past["last"];
  for (const line of text.split("\n")) {
    const event = /^([0-9-]{10}) ([0-9:.]{8,15})\+0000: (starting up|initiating migration)$/.exec(line);
    if (event) {
      const at = Date.parse(`${event[1]}T${event[2]}Z`);
      if (Number.isNaN(at)) continue;
      last = { what: event[3] === "starting up" ? "started" : "sent", agoMs: Math.max(0, now - at) };
    } else if (line === "-incoming" && last?.what === "started") last = { ...last, what: "received" };
  }
  return {
    host,
    upMs,
    ...(qemuMs !== undefined && { qemuMs }),
    ...(definedAt !== undefined && { definedMs: Math.max(0, now - definedAt) }),
    ...(last && { last }),
  };
}
