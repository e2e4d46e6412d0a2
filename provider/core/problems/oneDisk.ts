/** What the three ways of a disk have in common. */
import type { Problem } from "../problem";
import type { Disk, ImageFacts, MoveFacts } from "./facts";
import type { HostFacts } from "./hostFacts";
import { isDeclaredSame, isSameFile } from "./sameStorage";

/** Of one disk, on the destination; a blocker where it says nothing else. */
export type DiskProblem = Pick<Problem, "message" | "remedies"> & Partial<Pick<Problem, "severity">>;

export function isSameStorage(
  { type, path }: Disk,
  onSource: ImageFacts | undefined,
  onDestination: ImageFacts | undefined,
  source: HostFacts,
): boolean {
  if (onSource === undefined || onDestination === undefined) return false;
  return type === "block"
    ? onSource.serial !== undefined && onSource.serial === onDestination.serial
    : isSameFile(onSource, onDestination) || isDeclaredSame(path ?? "", onSource, onDestination, source);
}

/** What the state knows of the image at that path of the destination. */
export function staleCopy(destinationPath: string, { staleImages, destination }: MoveFacts): string | undefined {
  const stale = staleImages?.find((image) => image.host === destination.host && image.path === destinationPath);
  return stale && `it is the stale copy that the move of ${stale.since} left there`;
}
