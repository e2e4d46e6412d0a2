/** Whether the source reaches the destination: its ports, ping, and the login that libvirt makes. */
import { clean } from "../../core/clean";
import { wholeNumber } from "../../core/numbers";
import type { PortAnswer } from "../../core/problems";
import type { Hosts } from "../../observe/hosts";
import type { Virsh } from "../../virsh/client";
import { head, sections } from "../../virsh/sections";
import { sh, type ShellScript } from "../../virsh/shellScript";
import { listeningOn, portsToTry } from "./listening";
import { resolvedAddresses, resolving } from "./resolved";

/** A way that was open between two hosts; one that was not is tried again every time. */
const validMs = 600_000;

/** The port of the peer URI, and the login where it goes over ssh. */
export function reachControl(
  hosts: Hosts,
  source: Virsh,
  to: {
    destination: string;
    uri: string;
    address: string;
    controlPort: number;
    login: ShellScript;
    /** Prints libvirt's capabilities there; undefined: the host is known by its host key. */
    identity: ShellScript | undefined;
  },
): Promise<PeerAnswers | undefined> {
  const { address, controlPort, login, identity } = to;
  const resolves = identity && address;
  return hosts.remember(
    `${source.host} → ${to.destination}: ${to.uri} by login`,
    validMs,
    () => reach(source, { address, controlPort, dataAddress: undefined, dataPorts: [], login, identity, resolves }),
    (answers) => answers?.login?.code === 0 && answers.login.noise === undefined,
  );
}

/** The port of an ssh server that greets the source; undefined where none does. */
export async function greeting(
  hosts: Hosts,
  source: Virsh,
  { destination, address, controlPort }: { destination: string; address: string; controlPort: number },
): Promise<PeerAnswers | undefined> {
  const question = { address, controlPort, greeted: true, dataAddress: undefined, dataPorts: [], login: undefined };
  const answers = await hosts.remember(
    `${source.host} → ${destination}: greeting at ${address} ${controlPort}`,
    validMs,
    () => reach(source, question),
    (found) => found?.control === "open",
  );
  return answers?.control === "open" ? answers : undefined;
}

/**
 * Ports that QEMU listens on during a migration; before it, a port that refuses at once is as good as an open one. Which of them are free
 * is asked right before; the one that the next migration takes is tried only where others are closed.
 */
export async function reachData(
  hosts: Hosts,
  source: Virsh,
  { destination, address, range }: { destination: string; address: string; range: { low: number; high: number } },
): Promise<Pick<PeerAnswers, "dataPorts" | "resolved">> {
  const ask = async () => {
    const ports = portsToTry(range, await listeningOn(await hosts.on(destination)));
    const tried = (dataPorts: number[]) =>
      reach(source, { address, controlPort: undefined, dataAddress: address, dataPorts, login: undefined, resolves: address }); // prettier-ignore
    const found = await tried(ports.first);
    if (found === undefined || ports.ifClosed.length === 0 || found.dataPorts.every(isReached)) return found;
    const next = await tried(ports.ifClosed);
    return { ...found, dataPorts: [...(next?.dataPorts ?? []), ...found.dataPorts] };
  };
  const answers = await hosts.remember(
    `${source.host} → ${destination}: ${address} ${range.low} ${range.high}`,
    validMs,
    ask,
    (found) => found !== undefined && found.dataPorts.length > 0 && found.dataPorts.every(isReached),
  );
  return answers ?? { dataPorts: [], resolved: [] };
}

const isReached = ({ answer }: { answer: PortAnswer }) => answer === "open" || answer === "refused";

async function reach(source: Virsh, question: PeerQuestion): Promise<PeerAnswers | undefined> {
  const answer = await source.inquireShell(peerScript(question));
  return answer && parsePeer(answer.stdout);
}

interface PeerQuestion {
  address: string;
  controlPort: number | undefined;
  /** Only a port where an ssh server greets counts as open. */
  greeted?: boolean;
  dataAddress: string | undefined;
  dataPorts: readonly number[];
  /** What libvirt's ssh transport runs on the source, as far as libvirt on the destination; undefined = no login is tried. */
  login: ShellScript | undefined;
  identity?: ShellScript | undefined;
  /** A name to look up. */
  resolves?: string | undefined;
}

/** An ssh server speaks first; one that hangs, or has too many clients, does not. */
const greets = 'exec 3<>"/dev/tcp/$0/$1" && read -r line <&3 && [[ $line == SSH-* ]]';

/** Seconds that a silent port is waited for. */
const silentS = 2;

/**
 * Everything at once, in the background of one shell; each answer is one write, so that none gets mixed up with another. Refused at
 * once, or silent for as long as `timeout` waits: this distinguishes a closed port from a filtered one.
 */
function peerScript(question: PeerQuestion): ShellScript {
  const { address, controlPort, greeted, dataAddress, dataPorts, login, identity, resolves } = question;
  const answer = (name: string) => sh`printf '\\n@@ %s\\n%s\\n@@ %s.err\\n%s\\n' ${name} "$c" ${name} "$e"`;
  const opens = ': >"/dev/tcp/$0/$1"';
  const port = (name: string, host: string, number: number, asks = opens) =>
    sh`( e=$(timeout ${silentS} bash -c ${asks} ${host} ${number} 2>&1); c=$?; ${answer(name)} ) &\n`;
  const background = [
    ...(controlPort === undefined ? [] : [port("control", address, controlPort, greeted ? greets : opens)]),
    ...(dataAddress === undefined ? [] : dataPorts.map((number) => port(`data-${number}`, dataAddress, number))),
    sh`command -v ping >/dev/null && ( ping -n -c 1 -W ${silentS} -- ${address} >/dev/null 2>&1; printf '\\n@@ ping\\n%s\\n' $? ) &\n`,
  ];
  if (resolves !== undefined)
    background.push(sh`( r=$(${resolving(resolves)}); printf '\\n@@ resolved\\n%s\\n' "$r" ) &\n`);
  if (identity !== undefined) {
    background.push(
      // The first UUID is the host's; the rest is longer than one write.
      sh`[ "$(id -u)" = 0 ] && ( i=$(${identity} 2>/dev/null </dev/null | sed -n 's|^ *<uuid>\\(.*\\)</uuid>.*|\\1|p' | head -n 1); printf '\\n@@ identity\\n%s\\n' "$i" ) &\n`,
    );
  }
  if (login !== undefined) {
    background.push(
      // Standard output is kept apart from standard error: text before libvirt's own breaks the connection that libvirt makes.
      sh`[ "$(id -u)" = 0 ] && ( a=$(date +%s%N); o=$( { e=$(${login} 2>&1 >&3 3>&- </dev/null); c="$? $(( ($(date +%s%N) - a) / 1000000 ))"; ${answer("login")}; } 3>&1 ); printf '\\n@@ login.out\\n%s\\n' "$o" ) &\n`,
    );
  }
  return sh`${head}
${background}
wait
s end`;
}

/** What the login's command prints on the destination, and nothing before it. */
export const peerAnswer = "qemu:///system";

/** Text of the account's start-up files on standard output. */
function noiseBefore(answer: string, output: string): { noise?: string } {
  const at = output.indexOf(answer);
  return at <= 0 ? {} : { noise: output.slice(0, at).trim() };
}

export interface LoginAnswer {
  code: number;
  tookMs: number;
  stderr: string;
  /** Text of the account's start-up files on standard output. */
  noise?: string;
}

interface PeerAnswers {
  control: PortAnswer | undefined;
  dataPorts: { port: number; answer: PortAnswer }[];
  ping: "yes" | "no" | undefined;
  login: LoginAnswer | undefined;
  /** The host UUID of the libvirt that answered. */
  hostUuid?: string;
  /** The addresses of the name. */
  resolved: string[];
}

/** A login that takes an hour has failed in another way before. */
const maxLoginMs = 3_600_000;

export function parsePeer(text: string): PeerAnswers | undefined {
  const all = sections(text);
  if (!all.has("end")) return undefined;
  const port = (name: string) => portAnswer(all.get(name), all.get(`${name}.err`) ?? "");
  const dataPorts = [...all.keys()].flatMap((name) => {
    const number = wholeNumber(/^data-(\d{1,5})$/.exec(name)?.[1], 65_535);
    const answer = number === undefined ? undefined : port(name);
    return number === undefined || answer === undefined ? [] : [{ port: number, answer }];
  });
  const ping = all.get("ping");
  const [code, tookMs] = (all.get("login") ?? "").split(" ", 2).map((word) => wholeNumber(word, maxLoginMs));
  const hostUuid = parseHostUuid(all.get("identity") ?? "");
  return {
    ...(hostUuid !== undefined && { hostUuid }),
    resolved: resolvedAddresses(all.get("resolved")),
    control: port("control"),
    dataPorts: dataPorts.sort((a, b) => a.port - b.port),
    ping: ping === undefined ? undefined : ping === "0" ? "yes" : "no",
    login:
      code === undefined
        ? undefined
        : {
            code,
            tookMs: tookMs ?? 0,
            stderr: clean(all.get("login.err") ?? "", 2 ** 16),
            ...noiseBefore(peerAnswer, all.get("login.out") ?? ""),
          },
  };
}

function parseHostUuid(text: string): string | undefined {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.exec(text)?.[0].toLowerCase();
}

/** undefined: there was nothing to try it with (no bash, no timeout). */
function portAnswer(code: string | undefined, stderr: string): PortAnswer | undefined {
  if (code === "0") return "open";
  if (code === "124") return "silent";
  if (/Connection refused/.test(stderr)) return "refused";
  if (/not known|failure in name resolution|invalid host|No address associated/i.test(stderr)) return "unresolved";
  if (/Connection timed out/.test(stderr)) return "silent";
  if (/No route to host|unreachable|Permission denied|prohibited/i.test(stderr)) return "rejected";
  return undefined;
}
