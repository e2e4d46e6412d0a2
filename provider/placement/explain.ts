/** After a failed migration: what libvirt meant, asked of the hosts where its own words do not tell. */
import { PlacementError } from "../core/errors";
import type { ExecResult } from "../core/ports";
import { type FailureContext, hidesCause, readFailure, tellsCause } from "../virsh/failures";
import type { Virsh } from "../virsh/client";
import type { Hosts } from "./hosts";
import { quote } from "../virsh/quote";

const askMs = 8000;

/** The error of a virsh migrate that failed, in the user's words and with the next step. */
export async function explainFailure(
  exit: ExecResult,
  move: { what: string; domain: string; from: string; to: string; peerUri: string; durationMs: number },
  hosts: Hosts,
): Promise<PlacementError> {
  const source = await hosts.virsh(move.from);
  const context: FailureContext = {
    domain: move.domain,
    source: move.from,
    destination: move.to,
    peerUri: move.peerUri,
    ...(source.shell.user !== undefined && { sourceUser: source.shell.user }),
  };
  let said = exit.stderr;
  let failure = readFailure(said, context);
  if (hidesCause(said) && !tellsCause(said)) {
    const logs = await Promise.all([
      logOf(source, move.durationMs),
      hosts.virsh(move.to).then(
        (virsh) => logOf(virsh, move.durationMs),
        () => [],
      ),
    ]);
    const log = logs.flat();
    const telling = log.filter(tellsCause);
    said = [...(telling.length > 0 ? telling : log), said].join("\n");
    failure = readFailure(said, context);
  }
  if (failure.code === "peerUntrusted") {
    const [rootKey, peerHostKey] = await Promise.all([rootKeyOf(source), hostKeyOf(hosts, move.to)]);
    failure = readFailure(said, {
      ...context,
      ...(rootKey !== undefined && { rootKey }),
      ...(peerHostKey !== undefined && { peerHostKey }),
    });
  }
  return new PlacementError({ ...failure, phase: "migrate", what: move.what, domain: move.domain, host: move.from });
}

/** The last errors that libvirt's log on a host holds since the migration began; its clock, not ours, says since when. */
async function logOf(virsh: Virsh, durationMs: number): Promise<string[]> {
  const seconds = Math.ceil(durationMs / 1000) + 2;
  const script =
    `since=$(date -u -d "-${seconds} seconds" "+%Y-%m-%d %H:%M:%S"); ` +
    `{ for f in /var/log/libvirt/libvirtd.log /var/log/libvirt/virtqemud.log; do [ -r $f ] && tail -n 200 $f; done; ` +
    `journalctl -q -u libvirtd -u virtqemud --since "-${seconds}s" -o cat 2>/dev/null; } | grep " error : " | awk -v since="$since" '$0 >= since || !/^[0-9]{4}-/' | tail -n 5`;
  const { stdout } = await virsh.shell
    .exec(`sh -c ${quote(script)}`, { deadlineMs: askMs })
    .catch(() => ({ stdout: "" }));
  return stdout
    .replace(/^.* error : [A-Za-z0-9_]+:\d+ : /gm, "")
    .split("\n")
    .filter((line) => line !== "");
}

/** libvirt connects as root. Undefined where our account may not look, empty where there is none. */
async function rootKeyOf(source: Virsh): Promise<string | undefined> {
  const script =
    "[ $(id -u) = 0 ] || exit 1; cd /root/.ssh 2>/dev/null || exit 0; for type in ed25519 ecdsa rsa; do " +
    '[ -f id_$type ] || continue; cat id_$type.pub 2>/dev/null || ssh-keygen -y -P "" -f id_$type 2>/dev/null && break; done; :';
  return firstLine(source, script);
}

/** Read over a connection whose host key was verified. */
async function hostKeyOf(hosts: Hosts, name: string): Promise<string | undefined> {
  const script = "cd /etc/ssh && cat ssh_host_ed25519_key.pub ssh_host_ecdsa_key.pub ssh_host_rsa_key.pub 2>/dev/null";
  const line = await hosts
    .virsh(name)
    .then((virsh) => firstLine(virsh, script))
    .catch(() => undefined);
  return line === "" ? undefined : line?.split(" ").slice(0, 2).join(" ");
}

async function firstLine(virsh: Virsh, script: string): Promise<string | undefined> {
  const { code, stdout } = await virsh.shell
    .exec(`sh -c ${quote(script)}`, { deadlineMs: askMs })
    .catch(() => ({ code: 1, stdout: "" }));
  return code === 0 || stdout !== "" ? stdout.split("\n", 1)[0]!.trim() : undefined;
}
