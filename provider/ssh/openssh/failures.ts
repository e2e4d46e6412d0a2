import { commandLine } from "../../core/shownCommand";
import type { PlacementError } from "../../core/errors";
import type { Remedy } from "../../core/problem";
import { authRefused, handshakeFault, tryIt, unreachable } from "../connect-failures";
import { hostAndPort } from "../../core/destination";
import { shortPath } from "../expand";
import { failure, nameOf, setField, setSecret, words } from "../failure";
import { otherKey } from "../host-key-failures";
import type { Target } from "../target";
import { faultOf } from "../transport";

/** What ssh wrote on standard error, in order: its own debug lines, and the rest. */
interface Said {
  text: string;
  /** The first line of its reasons, without ssh's name in front. */
  reason: string;
}

/** ssh has one exit code (255) for all its failures; what it was is in its words, in English under LC_ALL=C. */
export function masterFailure(target: Target, stderr: string): PlacementError {
  const said: Said = { text: stderr, reason: reasonIn(stderr) };
  // Behind it stands the host's banner, which may read like any of ssh's own lines.
  const [beforeLogin = ""] = stderr.split("debug1: SSH2_MSG_SERVICE_ACCEPT received", 1);
  const early: Said = { ...said, text: beforeLogin };
  for (const problem of [
    badConfiguration(target, early),
    hostKeyProblem(target, early),
    keyProblem(target, said),
    refusal(target, said),
  ]) {
    if (problem) return problem;
  }
  return unreachable(target, connectFault(target, said.reason));
}

/** A jump host of ours did not make the connection: ssh's own words for it, as the ProxyCommand. */
const refusedByHop = /^Stdio forwarding request failed|^(?:mux_client_|Control socket )/m;

/** The host took a connection, and ended it before its greeting. `byHop`: a jump host of ours makes the connection, and not the user's own command. */
export const droppedMaster = (stderr: string, byHop: boolean): boolean =>
  (/^debug1: Connection established/m.test(stderr) || (byHop && !refusedByHop.test(stderr))) &&
  !/^debug1: Remote protocol version /m.test(stderr) &&
  /^kex_exchange_identification: (read: Connection reset|Connection closed)|banner line 0: Not allowed at this time/m.test(
    stderr,
  );

/** Why the jump host whose master printed this made no connection to a target that was asked for last. */
export function forwardRefusal(stderr: string): { prohibited: boolean; words: string } | undefined {
  const line = linesOf(stderr).findLast((each) => /^channel \d+: open failed: /.test(each));
  if (line === undefined) return undefined;
  const why = line.slice(line.indexOf("open failed: ") + "open failed: ".length);
  return { prohibited: why.startsWith("administratively prohibited"), words: words(why) };
}

/** ssh could not go through the jump host before it. */
export const stoppedAtHop = (stderr: string): boolean => refusedByHop.test(stderr);

/** The words of ssh on how its connection ended; undefined: it said nothing. */
export function lastWords(stderr: string): string | undefined {
  const line = linesOf(stderr)
    .filter((each) => !/^(Transferred|Bytes per second|Authenticated to) ?/.test(each))
    .at(-1);
  return line === undefined ? undefined : words(line);
}

/** The host's key as ssh was shown it. */
export function offeredKey(stderr: string): { type: string; fingerprint: string } | undefined {
  const match = /^debug1: Server host key: (\S+) (SHA256:\S+)/m.exec(stderr);
  return match ? { type: match[1]!, fingerprint: match[2]! } : undefined;
}

/** A signature with SHA-1 proves nothing; only ssh_config can ask for one. */
export function weakHostKey(target: Target, stderr: string): PlacementError | undefined {
  const algorithm = /^debug1: kex: host key algorithm: ((?:ssh-rsa|ssh-dss)\S*)/m.exec(stderr)?.[1];
  if (algorithm === undefined) return undefined;
  return unreachable(target, {
    message: `no common way to talk ssh (the host key algorithm ${algorithm} uses SHA-1, and is not accepted)`,
    remedies: [otherKey(target)],
  });
}

/** Lines that are ssh's reasons: not its debug lines, and not the frame around a warning. */
function linesOf(stderr: string): string[] {
  return stderr
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^(debug\d:|OpenSSH_|@)|(Unsupported|Deprecated) option "/.test(line));
}

/** The first line: the one about the connection's end, behind it, says less. */
function reasonIn(stderr: string): string {
  return words((linesOf(stderr)[0] ?? "ssh ended without a word").replace(/^ssh: /, ""));
}

function badConfiguration(target: Target, { text }: Said): PlacementError | undefined {
  if (/^debug1: (Connecting to|Executing proxy command)/m.test(text)) return undefined;
  const wrong = linesOf(text).find((line) =>
    /line \d+: |bad configuration options|^Bad owner or permissions on |percent_expand: /.test(line),
  );
  if (wrong === undefined) return undefined;
  return failure(target, "invalidInput", {
    phase: "configure",
    message: `ssh does not take its configuration: ${words(wrong)}`,
    remedies: [
      {
        do: "fix ssh_config, and see how ssh reads it",
        commands: [{ command: commandLine`ssh -G ${target.given.alias}` }],
      },
    ],
  });
}

function hostKeyProblem(target: Target, { text }: Said): PlacementError | undefined {
  const name = target.hop ?? target.host;
  const shown = offeredKey(text);
  const offers = shown ? `it offers ${shown.type} ${shown.fingerprint}` : "its key is not shown";
  const revoked =
    /REVOKED HOST KEY DETECTED|^Host key .* revoked|was revoked and you have requested|in revoked keys file|Error checking host key/m;
  if (revoked.test(text)) {
    return failure(target, "hostKeyRevoked", {
      message: `its host key is revoked: ${offers}`,
      remedies: [otherKey(target)],
    });
  }
  if (/Bad server host key|Invalid key length/.test(text)) {
    return failure(target, "hostKeyRevoked", {
      message: `its host key cannot be used: ${offers}, which is malformed or too short`,
      remedies: [otherKey(target)],
    });
  }
  if (!/^Host key verification failed/m.test(text)) return undefined;
  if (target.pin !== undefined) {
    return failure(target, "hostKeyChanged", {
      message: `its host key is not the one in the inventory: ${offers}, but hostKey of ${name} is ${words(target.pin)}; this may be a man-in-the-middle attack, or the host was reinstalled`,
      remedies: [pinIt(target, shown)],
    });
  }
  return /IDENTIFICATION HAS CHANGED|has changed and you have requested strict/.test(text)
    ? failure(target, "hostKeyChanged", {
        message: `the host key is another one than in known_hosts: ${offers}; this may be a man-in-the-middle attack, or the host was reinstalled`,
        remedies: [pinIt(target, shown)],
      })
    : failure(target, "hostKeyUnknown", {
        message: `the host key is not known: ${offers}`,
        remedies: [pinIt(target, shown)],
      });
}

/** Shows the real fingerprint first: a key is offered by anybody on the way. */
function pinIt(target: Target, shown: { type: string; fingerprint: string } | undefined): Remedy {
  const name = nameOf(target);
  const type = /^(?:ssh-)?(ed25519|ecdsa|rsa)/.exec(shown?.type ?? "")?.[1] ?? "ed25519";
  return {
    do: `if the console of ${name} shows the same fingerprint, set hostKey in the inventory`,
    commands: [
      { host: name, command: `ssh-keygen -lf /etc/ssh/ssh_host_${type}_key.pub` },
      setField(target, "hostKey", commandLine`${shown?.fingerprint ?? "FINGERPRINT"}`),
    ],
  };
}

/** A key that the inventory names must be usable; one of ssh_config is passed over. */
function keyProblem(target: Target, { text }: Said): PlacementError | undefined {
  if (target.keys.namedBy !== "inventory" || !/Permission denied/.test(text)) return undefined;
  const path = target.keys.identityFiles[0];
  const load = [...text.matchAll(/^Load key "([^"]*)": (.*)$/gm)].find(([, file]) => file === path);
  if (path === undefined || load === undefined) return undefined;
  return failure(target, "privateKeyUnusable", {
    message: `the key ${shortPath(path, target.home)} cannot be used: ${words(load[2])}`,
    remedies: [
      { do: "set the key's passphrase if it has one", commands: [setSecret(target, "passphrase")] },
      { do: "name a private key that this account can read", commands: [setField(target, "identityFile", "FILE")] },
    ],
  });
}

function refusal(target: Target, { text, reason }: Said): PlacementError | undefined {
  const closed = /^(?:Connection (?:closed|reset) by |client_loop: send disconnect)/.test(reason);
  // Once the host has listed its methods, it knows who wants in: what ends the connection then is its answer. Before, ssh asks the agent.
  const asked = /^debug1: (SSH2_MSG_SERVICE_ACCEPT received|Authentications that can continue)/m.test(text);
  if (!asked && !(closed && /^debug1: SSH2_MSG_NEWKEYS received/m.test(text))) return undefined;
  const tried = [...text.matchAll(/^debug1: Offering public key: (.+)$/gm)].map(([, label]) => ({
    label: words(shortPath(label!.replace(/ (explicit|agent|token|authenticator)\b/g, ""), target.home)),
  }));
  const lists = [...text.matchAll(/^debug1: Authentications that can continue: (\S*)/gm)];
  const methods = (lists.at(-1)?.[1] ?? "").split(",").filter((each) => each !== "");
  const partial = /^Authenticated using .* with partial success/m.test(text);
  const denied = /Permission denied \(/.test(text);
  return authRefused(target, {
    tried,
    skipped: [],
    methods: methods.slice(0, 8),
    partial,
    said: denied || closed ? undefined : reason,
    closed,
  });
}

/** ssh's reasons by the codes that node has for them. */
function connectFault(target: Target, reason: string): Parameters<typeof unreachable>[1] {
  const code = /Could not resolve hostname/i.test(reason)
    ? /Temporary failure/.test(reason)
      ? "EAI_AGAIN"
      : "ENOTFOUND"
    : /Connection refused/.test(reason)
      ? "ECONNREFUSED"
      : undefined;
  if (code !== undefined) return faultOf(Object.assign(new Error(reason), { code }), target);
  return /Unable to negotiate|no matching/.test(reason)
    ? handshakeFault(new Error(/no matching/.test(reason) ? reason : `no matching algorithm: ${reason}`))
    : { message: reason };
}

/** How far it came, by ssh's own lines. */
export function masterTimeout(target: Target, ms: number, stderr: string): PlacementError {
  const has = (line: RegExp) => line.test(stderr);
  const stage = !has(/^debug1: (?:Connection established|Executing proxy command)/m)
    ? "nothing answered"
    : !has(/^debug1: Remote protocol version /m)
      ? "it accepted the connection, but did not greet"
      : !has(/^debug1: SSH2_MSG_NEWKEYS received/m)
        ? "its greeting came, but the ssh handshake did not finish"
        : "the login did not finish: the ssh agent, a security key or the host's own look-ups do not answer";
  const known = tryIt(target);
  return unreachable(target, {
    message: `ssh made no connection within ${ms / 1000} s: ${stage}`,
    remedies: stage.startsWith("the login")
      ? [
          known,
          {
            do: `see that the ssh agent answers (\`ssh-add -l\`), or set agent: false and identityFile of ${nameOf(target)}`,
          },
        ]
      : [known],
  });
}

export function sshUnusable(target: Target, why: string): PlacementError {
  return failure(target, "invalidInput", {
    phase: "configure",
    message: `${hostAndPort(target.address, target.port)}: ${why}`,
    remedies: [{ do: installSsh }],
  });
}

export const installSsh =
  "install OpenSSH's client, 8.7 or later, on this computer (`apt-get install openssh-client`, `dnf install openssh-clients`)";
