import type { ExecOptions, RemoteProcess, Shell } from "../provider/core/ports";

type Ended = Awaited<RemoteProcess["exit"]> & { stdout: string; stderr: string };

/** `exec` of a Shell by its `spawn`. The code is null where the connection was lost. */
export async function execBySpawn(
  shell: Pick<Shell, "spawn">,
  command: string,
  { input }: ExecOptions,
): Promise<Ended> {
  const output = { stdout: "", stderr: "" };
  const process = await shell.spawn(command, {
    stdout: (text) => (output.stdout += text),
    stderr: (text) => (output.stderr += text),
  });
  if (input !== undefined) process.write(input);
  process.end();
  return { ...(await process.exit), ...output };
}
