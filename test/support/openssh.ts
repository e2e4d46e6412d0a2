/** The real ssh and sshd, for tests that compare with them. All of it on loopback and in one directory. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { findProgram } from "../../lab/libvirt/prerequisites";
import { until } from "./until";

/** The programs that are missing here. */
export const missingOpenSsh = (): string[] =>
  ["ssh", "sshd", "ssh-keygen", "ssh-agent", "ssh-add"].filter((program) => findProgram(program) === undefined);

export interface KeyFile {
  path: string;
  /** "ssh-ed25519 AAAA…" */
  line: string;
  blob: Buffer;
}

export function makeKeyFile(directory: string, name: string, ...options: string[]): KeyFile {
  const path = join(directory, name);
  execFileSync("ssh-keygen", ["-q", "-N", "", "-C", "", "-f", path, ...options]);
  return keyFile(path);
}

function keyFile(path: string): KeyFile {
  const line = readFileSync(`${path}.pub`, "utf8").trim().split(" ").slice(0, 2).join(" ");
  return { path, line, blob: Buffer.from(line.split(" ")[1]!, "base64") };
}

/** A host certificate of a key; returns its public line. */
export function signHostKey(authority: KeyFile, key: KeyFile, principals: readonly string[]): string {
  return sign(authority, key, principals, "-h");
}

/** A user certificate of a key, in KEY-cert.pub beside it. */
export function signUserKey(authority: KeyFile, key: KeyFile, principals: readonly string[]): string {
  return sign(authority, key, principals);
}

function sign(authority: KeyFile, key: KeyFile, principals: readonly string[], ...flags: string[]): string {
  const names = ["-n", principals.join(",")];
  execFileSync("ssh-keygen", ["-q", "-s", authority.path, "-I", "test", ...flags, ...names, `${key.path}.pub`]);
  return readFileSync(`${key.path}-cert.pub`, "utf8").trim();
}

/**
 * An sshd on loopback. It rejects every login, so that a client that gets so far has accepted its host key; unless `lines` say otherwise: sshd takes
 * the first value of a setting, and these come first.
 */
export async function startSshd(
  directory: string,
  name: string,
  hostKeys: readonly KeyFile[],
  lines: readonly string[] = [],
): Promise<{ port: number; pid: number; stop: () => void }> {
  // The directory that sshd keeps its unprivileged part in.
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true });
  const [config, log] = [join(directory, `${name}.conf`), join(directory, `${name}.log`)];
  // Until sshd has it, a port that is free may be given to any other process.
  for (let triesLeft = 5; triesLeft > 0; triesLeft--) {
    const port = await freePort();
    writeFileSync(config, configText(directory, port, hostKeys, lines));
    writeFileSync(log, "");
    const child: ChildProcess = spawn(findProgram("sshd")!, ["-D", "-E", log, "-f", config], { stdio: "ignore" });
    const said = () => readFileSync(log, "utf8");
    await until(`sshd ${name} starts`, () => child.exitCode !== null || / on 127\.0\.0\.1 (port|failed)/.test(said()));
    const isTaken = /Address already in use/.test(said());
    if (child.exitCode === null && !isTaken) return { port, pid: child.pid!, stop: () => void child.kill() };
    child.kill();
    if (!isTaken) throw new Error(`sshd ${name} does not start: ${said()}`);
  }
  throw new Error(`sshd ${name} finds no free port`);
}

function configText(directory: string, port: number, hostKeys: readonly KeyFile[], lines: readonly string[]): string {
  return [
    ...lines,
    // It takes the last one first.
    `ListenAddress 127.0.0.1:${port}`,
    `ListenAddress [::1]:${port}`,
    ...hostKeys.map(({ path }) => `HostKey ${path}`),
    "UsePAM no",
    "UseDNS no",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "AuthorizedKeysFile none",
    "PidFile none",
    "StrictModes no",
    // A login shell would read the start-up files of the one who runs the tests.
    ...(lines.some((line) => /^SetEnv /i.test(line)) ? [] : [`SetEnv HOME=${directory}`]),
    // Of this one sshd 9.2 takes the last value.
    ...(lines.some((line) => /^MaxStartups /i.test(line)) ? [] : ["MaxStartups 1000"]),
    "",
  ].join("\n");
}

/** The real ssh-agent with these keys, and with the certificates beside them. */
export async function startRealAgent(directory: string, name: string, ...keys: readonly KeyFile[]) {
  const socketPath = join(directory, name);
  const child = spawn(findProgram("ssh-agent")!, ["-D", "-a", socketPath], { stdio: "ignore" });
  for (let waitedMs = 0; !existsSync(socketPath); waitedMs += 20) {
    if (waitedMs > 10_000) throw new Error("ssh-agent does not start");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const env = { ...process.env, SSH_AUTH_SOCK: socketPath };
  for (const { path } of keys) execFileSync("ssh-add", ["-q", path], { env, stdio: "ignore" });
  return { socketPath, stop: () => void child.kill() };
}

export type Answer = "accepted" | "refused";

/** What ssh with StrictHostKeyChecking=yes decides about the host key of `name` in a configuration file, and its words. */
export function askSsh(config: string, name: string): Promise<{ answer: Answer; words: string }> {
  const options = ["BatchMode=yes", "StrictHostKeyChecking=yes", "PreferredAuthentications=publickey"];
  const none = ["IdentityFile=/dev/null", "IdentityAgent=none", "IdentitiesOnly=yes", "ConnectTimeout=30"];
  const flags = [...options, ...none].flatMap((option) => ["-o", option]);
  return new Promise((resolve, reject) => {
    const child = spawn("ssh", ["-F", config, ...flags, name, "true"], { stdio: ["ignore", "ignore", "pipe"] });
    let words = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (words += text));
    child.on("error", reject);
    child.on("close", () => resolve({ answer: /Permission denied/.test(words) ? "accepted" : "refused", words }));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
