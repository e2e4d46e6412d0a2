/** The raw side: `ssh source virsh migrate …` with OpenSSH, as someone would type it. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { Lab } from "../../lab/libvirt";
import { runCommand } from "../../lab/pulumi/run-command";

/** A new connection for the command. */
export async function overNewConnection(lab: Lab, host: string, command: string): Promise<void> {
  await ssh(lab, [...sshOptions(lab), destination(lab, host), command]);
}

/** Open connections to every host, which commands then share. */
export class OpenConnections {
  private readonly masters: ChildProcess[] = [];

  private constructor(private readonly lab: Lab) {}

  static async open(lab: Lab): Promise<OpenConnections> {
    const connections = new OpenConnections(lab);
    for (const { name } of lab.hosts) await connections.openTo(name);
    return connections;
  }

  async run(host: string, command: string): Promise<void> {
    await ssh(this.lab, [...this.shared(host), destination(this.lab, host), command]);
  }

  close(): void {
    for (const master of this.masters) master.kill("SIGTERM");
  }

  private async openTo(host: string): Promise<void> {
    const args = [...this.shared(host), "-M", "-N", destination(this.lab, host)];
    this.masters.push(spawn("ssh", args, { cwd: this.lab.dir, stdio: ["ignore", "ignore", "inherit"] }));
    for (const end = Date.now() + 30_000; ;) {
      const { code } = await runCommand("ssh", [...this.shared(host), "-O", "check", destination(this.lab, host)]);
      if (code === 0) return;
      if (Date.now() > end) throw new Error(`no shared connection to ${host} within 30 s`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  private shared(host: string): string[] {
    return [...sshOptions(this.lab), "-o", `ControlPath=${join(this.lab.dir, `ssh-${host}`)}`];
  }
}

async function ssh(lab: Lab, args: string[]): Promise<void> {
  const { code, stderr } = await runCommand("ssh", args, { cwd: lab.dir });
  if (code !== 0) throw new Error(`ssh … ${args.at(-1)} ended with ${code}: ${stderr.trim()}`);
}

function sshOptions({ keyFile, knownHostsFile }: Lab): string[] {
  const options = ["BatchMode=yes", "StrictHostKeyChecking=yes", `UserKnownHostsFile=${knownHostsFile}`];
  return ["-F", "/dev/null", "-i", keyFile, ...options.flatMap((option) => ["-o", option])];
}

function destination(lab: Lab, host: string): string {
  return `root@${lab.host(host).address}`;
}
