import type { Remedy } from "../problem";
import type { StderrCause } from "./stderr";

export function freeSpace(host: string): Remedy {
  return { do: `free some space on ${host}` };
}

export const spaceShort: StderrCause = {
  stderr: /No space left on device|Disk quota exceeded/,
  code: "migrationFailed",
  remedies: ({ destination }) => [freeSpace(destination)],
};
