import { spawn } from "node:child_process";
import { ensurePulumi } from ".";

const usage = "usage: cli.ts ensure | cli.ts exec -- ARGS";

async function main([command, ...rest]: string[]): Promise<number> {
  const log = (line: string) => console.error(line);
  if (command === "ensure" && rest.length === 0) {
    const { origin, version, bin } = await ensurePulumi({ log });
    console.log(`${origin} ${version} ${bin}`);
    return 0;
  }
  if (command === "exec") {
    const { bin, env } = await ensurePulumi({ log });
    return execute(bin, rest[0] === "--" ? rest.slice(1) : rest, { ...process.env, ...env });
  }
  console.error(usage);
  return 2;
}

function execute(bin: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(bin, args, { env, stdio: "inherit" });
  // A terminal sends Ctrl-C to both; what to do about it is for pulumi to decide. Others send it to this process only.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => void (process.stdin.isTTY || child.kill(signal)));
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
