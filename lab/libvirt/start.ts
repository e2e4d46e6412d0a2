import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./commands";
import { hostDir, hostEnvironment } from "./host-files";
import { isAlive } from "./processes";
import { processRecord, recordedProcesses, type LabRecord } from "./registry";

/** First use makes libvirtd probe QEMU, which takes long on a busy computer. */
const startMs = 60_000;

/** Starts a script as the first process of new namespaces; gives the process that holds them once the script runs. */
async function enterNamespaces(
  record: LabRecord,
  name: string,
  script: string,
  log: string,
  environment: NodeJS.ProcessEnv,
): Promise<number> {
  const output = openSync(log, "a");
  const child = spawn(
    "sh",
    [join(__dirname, "namespace.sh"), processRecord(record.number, name), join(__dirname, script)],
    // A session of its own: Ctrl-C at the terminal is for the lab's creator, who ends it in order.
    { detached: true, stdio: ["ignore", output, output], env: { ...hostEnvironment, ...environment }, cwd: "/" },
  );
  closeSync(output);
  child.on("error", () => {}); // seen below as one that never was recorded
  child.unref();
  const pid = await eventually(
    () => {
      const recorded = recordedProcesses(record.number).get(name);
      // Until it has network namespaces of its own, an interface given to it would be the computer's.
      return recorded && isInOwnNamespaces(recorded.pid) ? recorded.pid : undefined;
    },
    startMs,
    5,
  );
  if (pid === undefined) throw new Error(`${name} did not start: ${readLog(log)}`);
  return pid;
}

export function startSwitch(record: LabRecord): Promise<number> {
  return enterNamespaces(record, "switch", "switch.sh", join(record.dir, "switch.log"), { LAB_DIR: record.dir });
}

export function enterHost(record: LabRecord, name: string): Promise<number> {
  const directory = hostDir(record, name);
  mkdirSync(directory, { recursive: true });
  const { layers } = record.hosts.find((host) => host.name === name)!;
  const script = layers.length > 0 ? "releases/enter-root.sh" : "host.sh";
  return enterNamespaces(record, name, script, join(directory, "start.log"), {
    LAB_DIR: record.dir,
    HOST_DIR: directory,
    HOST_NAME: name,
    HOST_SCRIPT: join(__dirname, "host.sh"),
    HOST_LAYERS: layers.join(":"),
  });
}

/** Waits until the host's sshd and libvirtd run. */
export async function hostReady(record: LabRecord, name: string): Promise<void> {
  const directory = hostDir(record, name);
  const outcome = await eventually(() => {
    if (existsSync(join(directory, "ready"))) return "ready";
    const recorded = recordedProcesses(record.number).get(name);
    return recorded && isAlive(recorded) ? undefined : "ended";
  }, startMs);
  if (outcome === "ready") return;
  throw new Error(`host ${name} did not start: ${readLog(join(directory, "start.log")) || "no reason was given"}`);
}

function isInOwnNamespaces(pid: number): boolean {
  const namespaceOf = (process: string, kind: string) => inode(`/proc/${process}/ns/${kind}`);
  return ["net", "mnt", "pid_for_children"].every(
    (kind) => namespaceOf(String(pid), kind) !== namespaceOf("self", kind.replace("pid_for_children", "pid")),
  );
}

function inode(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function readLog(log: string): string {
  try {
    return readFileSync(log, "utf8").trim().split("\n").slice(-5).join("; ");
  } catch {
    return "";
  }
}
