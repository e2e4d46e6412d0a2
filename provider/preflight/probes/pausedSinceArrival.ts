/**
 * Whether a paused VM has run since its QEMU was started, and whether that QEMU was started to receive it. `domstate` does not tell: a
 * VM that arrived paused is "paused (user)", as one that somebody suspended, also after a restart of libvirtd (9.0.0).
 */
import type { Virsh } from "../../virsh/client";
import { sh, type ShellScript } from "../../virsh/shellScript";
import { command } from "../../virsh/virshCommand";

/** Of a VM that is paused now. Asked each time. */
export async function isPausedSinceArrival(source: Virsh, uuid: string): Promise<boolean | undefined> {
  const [vcpus, qemuStart] = await Promise.all([
    source.inquire(command`domstats --vcpu ${uuid}`),
    source.inquireShell(qemuStartScript(uuid)),
  ]);
  return pausedSinceArrival(vcpus, qemuStart?.stdout);
}

/** CPU time that a virtual CPU does not use up while it waits: one that never ran had 1.4 ms after 12 minutes (QEMU 7.2). */
const ranNs = 20_000_000;

/**
 * From `virsh domstats --vcpu`. KVM counts how often the guest was left (libvirt 8.10 with QEMU 7.1 and later): 0 on arrival, 5 after a
 * resume and a suspend at once. Emulated CPUs and older versions have their CPU time only. Undefined: these numbers do not tell.
 */
export function hasRun(domstats: string): boolean | undefined {
  const numbers = (name: string) =>
    [...domstats.matchAll(new RegExp(`^ *vcpu\\.\\d+\\.${name}=(\\d{1,19}) *$`, "gm"))].map(([, value]) =>
      Number(value),
    );
  const exits = numbers("exits\\.sum");
  if (exits.length > 0) return exits.some((count) => count > 0);
  const times = numbers("time");
  return times.some((ns) => ns >= ranNs) ? true : undefined;
}

/** Prints "received" or "started" for the QEMU of the domain; nothing where it is not to be seen. */
export function qemuStartScript(uuid: string): ShellScript {
  // In brackets the pattern does not match the command line that it stands in itself.
  const pattern = `[${uuid.charAt(0)}]${uuid.slice(1)}`;
  return sh`for f in $(grep -lsa ${pattern} /proc/[0-9]*/cmdline); do
a=$(tr '\\0' '\\n' <$f 2>/dev/null)
printf '%s\\n' "$a" | grep -qx -e -uuid || continue
if printf '%s\\n' "$a" | grep -qx -e -incoming; then echo received; else echo started; fi
done`;
}

/** True: it arrived paused and has stayed so. Undefined: not known. */
export function pausedSinceArrival(domstats: string | undefined, qemuStart: string | undefined): boolean | undefined {
  const ran = domstats === undefined ? undefined : hasRun(domstats);
  if (ran === true) return false;
  const starts = new Set(
    (qemuStart ?? "")
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== ""),
  );
  if (starts.size !== 1) return undefined;
  if (starts.has("started")) return false;
  return starts.has("received") && ran === false ? true : undefined;
}
