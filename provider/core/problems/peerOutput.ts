/** libvirt reads its protocol from the standard output of its login on the destination: a greeting there breaks it. */
import { canBeShown } from "../quote";
import type { Problem, Remedy } from "../problem";
import type { MoveFacts } from "./facts";
import { peerOf, type StderrCause } from "./stderr";

export function peerLoginIsQuiet({ source, destination, peer }: MoveFacts): Problem[] {
  if (peer?.transport !== "ssh" || !peer.login?.works || peer.login.noise === undefined) return [];
  const { text, user } = peer.login.noise;
  return [
    {
      rule: "peer-output",
      severity: "blocker",
      code: "peerOutput",
      host: destination.host,
      message:
        `on ${destination.host} the start-up files of ${user} print ${firstLine(text)} on standard output when ${source.host} logs in; ` +
        `libvirt on ${source.host} reads that as a part of its own protocol (${peer.uri}), which breaks the connection`,
      remedies: quietLogin(destination.host, user),
    },
  ];
}

export const peerOutput: StderrCause = {
  // The first letters of a greeting, read as the length of a packet.
  stderr: /packet \d{1,20} bytes received from server too (large|small)/,
  code: "peerOutput",
  remedies: (context) => quietLogin(context.destination, peerOf(context).user ?? "root"),
};

/** How an account's start-up files print for people only. */
function quietLogin(host: string, user: string): Remedy[] {
  return [
    {
      do: `on ${host}, make ~/.bashrc of ${user} (and what it reads, such as /etc/profile.d) print on a terminal only: \`[ -t 1 ] && echo …\``,
    },
    { do: "make it return early for other logins: `case $- in *i*) ;; *) return ;; esac`" },
  ];
}

/** Enough to find it by. */
function firstLine(text: string): string {
  const [line = ""] = text.split("\n", 1);
  const shown = [...line].slice(0, 60).map((character) => (canBeShown(character) ? character : "?"));
  return JSON.stringify(shown.join("") + (shown.length < line.length || text.length > line.length ? "…" : ""));
}
