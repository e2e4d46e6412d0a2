/** Which releases a lab's hosts can be of, and what they are called. */
import { readFileSync } from "node:fs";

/** Suites of Debian by the number of their release. */
export const suites: Readonly<Record<string, string>> = { "12": "bookworm", "13": "trixie", "14": "forky" };
/** Debian 13 with libvirt's modular daemons in place of libvirtd, as RHEL 9 and 10 run them. */
export const modular = "modular";
export const modularBase = "13";

/** What the computer itself runs, of which hosts need no tree of their own: Debian's number, or "own". */
export function ownRelease(osRelease: string = readFileSync("/etc/os-release", "utf8")): string {
  const value = (key: string) => new RegExp(`^${key}="?([^"\n]*)"?$`, "m").exec(osRelease)?.[1];
  return (value("ID") === "debian" && value("VERSION_ID")) || "own";
}

export interface HostOfRelease {
  name: string;
  release: string;
}

/** "debian-13-a", "debian-13-b", "modular-a" …; without the letter where there is one of each. */
export function hostsOfReleases(releases: readonly string[], each: number, own = ownRelease()): HostOfRelease[] {
  if (new Set(releases).size < releases.length) throw new Error(`one release twice: ${releases.join(",")}`);
  releases.forEach((release) => checkRelease(release, own));
  if (!Number.isInteger(each) || each < 1 || each > 26)
    throw new Error(`hosts of each release must be 1 to 26, not ${each}`);
  return releases.flatMap((release) =>
    Array.from({ length: each }, (_, index) => {
      const letter = each === 1 ? "" : `-${String.fromCharCode(97 + index)}`;
      return { name: `${/^\d/.test(release) ? "debian-" : ""}${release}${letter}`, release };
    }),
  );
}

export function checkRelease(release: string, own = ownRelease()): void {
  const possible = [...new Set([own, ...Object.keys(suites), modular])];
  if (!possible.includes(release)) throw new Error(`not a release: "${release}". Possible: ${possible.join(", ")}.`);
}
