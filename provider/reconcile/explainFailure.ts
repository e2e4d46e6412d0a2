/** After a failed migration: what libvirt meant, asked of the hosts where its own words do not tell. */
import type { DaemonsByHost } from "../core/daemons";
import { PlacementError } from "../core/errors";
import { cannotMove, type Migration } from "../core/migration";
import type { ExecResult } from "../core/ports";
import { type FailureContext, imagesToCopyInto, readTheLogs } from "../core/problems";
import { essence, hidesCause, readFailure } from "../virsh/failures";
import type { Virsh } from "../virsh/client";
import { parseDiskFiles } from "../virsh/parse";
import type { Hosts } from "../observe/hosts";
import { peerKeys } from "../observe/peerKeys";
import { sh } from "../virsh/shellScript";

const askMs = 8000;

/** What the source finds out before it connects, and what ssh says of its login, virsh always says itself: in the log it is another VM's. */
const neverHidden =
  /Unsafe migration|cannot migrate domain with|another migration job|(Cannot recv data|End of file while reading data): .*(Permission denied|Host key verification failed|Could not resolve hostname|Connection (refused|timed out)|No route to host|not found)/;

/** Answers to our own questions, and what a daemon that was restarted meanwhile says, on its start, of a host without dnsmasq, D-Bus, udev or DMI tables. */
const unrelated =
  /qemuDomainGetJobStatsInternal|statistics are available only on the source host|dnsmasq|system bus connection|udev device|dmidecode/;

/** The error of a virsh migrate that failed, in the user's words and with the next step. */
export async function explainFailure(
  exit: ExecResult,
  migration: Migration,
  durationMs: number,
  hosts: Hosts,
): Promise<PlacementError> {
  // Without it its message has to do.
  const source = await hosts.on(migration.source).catch(() => undefined);
  const context: FailureContext = {
    domain: migration.domain.name,
    source: migration.source,
    destination: migration.destination,
    peerUri: migration.peer,
    ...(source?.shell.user !== undefined && { sourceUser: source.shell.user }),
  };
  const hidden = readFailure(exit.stderr, context) === undefined && hidesCause(exit.stderr);
  const stderr = hidden
    ? [...(await explainingLines(hosts, source, context, durationMs)), exit.stderr].join("\n")
    : exit.stderr;
  let failure = readFailure(stderr, context);
  // Its message may be in any language. Where disks are copied libvirt may make the images, and takes them away again.
  if (failure === undefined && (hidden || migration.options.copyStorage === undefined)) {
    const missing = await imagesMissing(hosts, migration);
    if (missing.length > 0) {
      failure = {
        code: "unsafeStorage",
        message: `the disk images ${missing.join(", ")} are not on ${migration.destination}`,
        remedies: imagesToCopyInto(migration.destination, missing),
      };
    }
  }
  if (failure?.code === "peerUntrusted") {
    const keys = await peerKeys(hosts, migration.source, migration.destination, migration.peer);
    failure = readFailure(stderr, { ...context, ...keys });
  }
  if (failure === undefined || failure.namesDaemons || ["libvirtDown", "domainConflict"].includes(failure.code)) {
    const asked = { ...context, daemons: await daemonsOf(hosts, migration) };
    failure = readFailure(stderr, asked) ??
      failure ?? { code: "migrationFailed", message: essence(stderr), remedies: readTheLogs(asked) };
  }
  const { code, message, remedies } = failure;
  return new PlacementError({
    code,
    message,
    remedies,
    phase: "migrate",
    action: cannotMove(migration),
    domain: migration.domain.name,
    host: migration.source,
  });
}

/** What the logs of both hosts say of the cause. Other VMs may be on their way too, and a log does not say whose error it is: the last one is the likeliest. */
async function explainingLines(
  hosts: Hosts,
  source: Virsh | undefined,
  context: FailureContext,
  durationMs: number,
): Promise<string[]> {
  const logs = await Promise.all([
    logOf(source, durationMs),
    hosts.on(context.destination).then(
      (virsh) => logOf(virsh, durationMs),
      () => [],
    ),
  ]);
  const log = logs
    .flat()
    .filter((line) => !neverHidden.test(line))
    .sort();
  const explaining = log.filter((line) => readFailure(line, context) !== undefined).slice(-1);
  return (explaining.length > 0 ? explaining : log.slice(-2)).map(withoutPlace);
}

/** Of both hosts, as far as they answer: what the remedies name is theirs. */
export async function daemonsOf(
  hosts: Hosts,
  { source, destination }: Pick<Migration, "source" | "destination">,
): Promise<DaemonsByHost> {
  const ask = (host: string) =>
    hosts.on(host).then(
      (virsh) => virsh.daemons(),
      () => undefined,
    );
  const [fromSource, fromDestination] = await Promise.all([ask(source), ask(destination)]);
  return { [source]: fromSource, [destination]: fromDestination };
}

/** The last errors that libvirt's log on a host holds since the migration began; its clock, not ours, says since when. */
async function logOf(virsh: Virsh | undefined, durationMs: number): Promise<string[]> {
  if (virsh === undefined) return [];
  const seconds = Math.ceil(durationMs / 1000) + 2;
  const script = sh`since=$(date -u -d "-${seconds} seconds" "+%Y-%m-%d %H:%M:%S")
{ for f in /var/log/libvirt/libvirtd.log /var/log/libvirt/virtqemud.log; do [ -r $f ] && tail -n 200 $f; done
journalctl -q -u libvirtd -u virtqemud --since "-${seconds}s" -o cat 2>/dev/null; } | grep " error : " | awk -v since="$since" '$0 >= since || !/^[0-9]{4}-/' | tail -n 20`;
  const { stdout } = await virsh.run(script, askMs).catch(() => ({ stdout: "" }));
  return stdout.split("\n").filter((line) => line !== "" && !unrelated.test(line));
}

/** "2026-01-01 00:00:00.000+0000: 4711: error : function:42 : WORDS" → "WORDS". */
function withoutPlace(line: string): string {
  return line.replace(/^.* error : [A-Za-z0-9_]+:\d+ : /, "");
}

/** Disk images that the destination should have and has not: libvirt does not even log that at its usual level. */
async function imagesMissing(hosts: Hosts, { domain, ...ends }: Migration): Promise<string[]> {
  try {
    const [source, destination] = await Promise.all([hosts.on(ends.source), hosts.on(ends.destination)]);
    const { stdout } = await source.run(sh`virsh -q domblklist --details --domain=${domain.uuid}`, askMs);
    const paths = parseDiskFiles(stdout);
    const fromDestination = await Promise.all(paths.map((path) => destination.run(sh`test -e ${path}`, askMs)));
    return paths.filter((_, index) => fromDestination[index]!.code === 1);
  } catch {
    return [];
  }
}
