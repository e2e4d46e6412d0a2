/** After a failed migration: what libvirt meant, asked of the hosts where its own words do not tell. */
import { PlacementError } from "../core/errors";
import type { ExecResult } from "../core/ports";
import { type FailureContext, hidesCause, readFailure } from "../virsh/failures";
import type { Virsh } from "../virsh/client";
import { quote } from "../virsh/quote";

const askMs = 8000;

/** The error of a virsh migrate that failed, in the user's words and with the next step. */
export async function explainFailure(
  exit: ExecResult,
  move: { what: string; domain: string; from: string; to: string; peerUri: string; durationMs: number },
  source: Virsh,
): Promise<PlacementError> {
  const context: FailureContext = {
    domain: move.domain,
    source: move.from,
    destination: move.to,
    peerUri: move.peerUri,
  };
  let said = exit.stderr;
  let failure = readFailure(said, context);
  if (hidesCause(said)) {
    const log = await logOf(source, move.durationMs);
    if (log !== "") {
      said = `${log}\n${said}`;
      failure = readFailure(said, context);
    }
  }
  if (failure.code === "peerUntrusted") {
    const account = await accountOf(source);
    if (account.user !== "") failure = readFailure(said, { ...context, sourceUser: account.user });
    if (account.publicKey !== "" && /Permission denied/.test(said))
      failure.next += `. The line to add: ${account.publicKey}`;
  }
  return new PlacementError({ ...failure, phase: "migrate", what: move.what, domain: move.domain, host: move.from });
}

/** The errors that libvirt's log on the source holds since the migration began; its clock, not ours, says since when. */
async function logOf(source: Virsh, durationMs: number): Promise<string> {
  const seconds = Math.ceil(durationMs / 1000) + 2;
  const script =
    `since=$(date -u -d "-${seconds} seconds" "+%Y-%m-%d %H:%M:%S"); ` +
    `{ for f in /var/log/libvirt/libvirtd.log /var/log/libvirt/virtqemud.log; do [ -r $f ] && tail -n 200 $f; done; ` +
    `journalctl -q -u libvirtd -u virtqemud --since "-${seconds}s" -o cat 2>/dev/null; } | grep " error : " | awk -v since="$since" '$0 >= since || !/^[0-9]{4}-/' | tail -n 3`;
  const { stdout } = await source.shell
    .exec(`sh -c ${quote(script)}`, { deadlineMs: askMs })
    .catch(() => ({ stdout: "" }));
  return stdout.replace(/^.* error : [A-Za-z0-9_]+:\d+ : /gm, "").trim();
}

async function accountOf(source: Virsh): Promise<{ user: string; publicKey: string }> {
  const script = "id -un; cat ~/.ssh/id_ed25519.pub ~/.ssh/id_ecdsa.pub ~/.ssh/id_rsa.pub 2>/dev/null | head -n 1";
  const { stdout } = await source.shell
    .exec(`sh -c ${quote(script)}`, { deadlineMs: askMs })
    .catch(() => ({ stdout: "" }));
  const [user = "", publicKey = ""] = stdout.trim().split("\n");
  return { user, publicKey };
}
