import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { pulumiEnvironment } from "./environment";
import type { PulumiInstallation } from "./ensure-pulumi";
import { type CommandOptions, type CommandResult, runCommand } from "./run-command";

export interface PulumiOptions {
  installation: PulumiInstallation;
  /** Where Pulumi.yaml is. */
  projectDir: string;
  /** Where state and PULUMI_HOME go; left out, the caller's own backend is used. */
  backendDir?: string;
  env?: Record<string, string>;
}

export interface RunOptions extends Pick<CommandOptions, "timeoutMs" | "onLine" | "signal"> {
  /** On top of the project's. */
  env?: Record<string, string>;
}

/** The CLI in one project directory. */
export class Pulumi {
  readonly env: NodeJS.ProcessEnv;

  constructor(private readonly options: PulumiOptions) {
    this.env = {
      ...process.env,
      ...(options.backendDir !== undefined && pulumiEnvironment(options.backendDir)),
      ...options.env,
      ...options.installation.env,
    };
  }

  run(args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    return runCommand(this.options.installation.bin, args, {
      cwd: this.options.projectDir,
      ...options,
      env: { ...this.env, ...options.env },
    });
  }

  /** As run, but a failure is an error that holds all the output. */
  async expect(args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    const result = await this.run(args, options);
    if (result.code === 0) return result;
    throw new Error(`pulumi ${args.join(" ")} ended with ${result.code}\n${result.stdout}${result.stderr}`);
  }

  /** For those who talk to the process while it runs: `kill("SIGINT")` is one Ctrl-C. */
  spawn(args: readonly string[]): ChildProcessWithoutNullStreams {
    return spawn(this.options.installation.bin, args, { cwd: this.options.projectDir, env: this.env });
  }

  async stackExport({ showSecrets = false } = {}): Promise<StackExport> {
    const { stdout } = await this.expect(["stack", "export", ...(showSecrets ? ["--show-secrets"] : [])]);
    return JSON.parse(stdout) as StackExport;
  }
}

export interface StackExport {
  version: number;
  deployment: {
    resources?: ExportedResource[];
    pending_operations?: { resource: ExportedResource; type: string }[];
    [key: string]: unknown;
  };
}

export interface ExportedResource {
  urn: string;
  type: string;
  id?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  initErrors?: string[];
  [key: string]: unknown;
}
