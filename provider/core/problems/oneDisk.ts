/** What the three ways of a disk have in common. */
import type { Problem } from "../problem";
import type { Disk, ImageFacts, MoveFacts } from "./facts";
import type { HostFacts } from "./hostFacts";
import { isDeclaredSame, isSameFile } from "./sameStorage";

/** Of one disk, on the destination; a blocker where it says nothing else. */
export type DiskProblem = Pick<Problem, "message" | "remedies"> & Partial<Pick<Problem, "severity">>;

export function isSameStorage(
  { type, path }: Disk,
  here: ImageFacts | undefined,
  there: ImageFacts | undefined,
  source: HostFacts,
): boolean {
  if (here === undefined || there === undefined) return false;
  return type === "block"
    ? here.serial !== undefined && here.serial === there.serial
    : isSameFile(here, there) || isDeclaredSame(path ?? "", here, there, source);
}

/** What the state knows of the image at the destination. */
export function staleCopy(path: string, { staleImages, destination }: MoveFacts): string | undefined {
  const stale = staleImages?.find((image) => image.host === destination.host && image.path === path);
  return stale && `it is the stale copy that the move of ${stale.since} left there`;
}
