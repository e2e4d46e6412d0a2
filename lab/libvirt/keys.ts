import { chownSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "./commands";
import type { Keys } from "./host-files";

/** New keys for the user, for the hosts among themselves, and of each host, as files of the directory. */
export async function makeKeys(directory: string, hosts: readonly string[]): Promise<Keys> {
  const make = async (file: string, comment: string) => {
    const path = join(directory, file);
    await must("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path]);
    return { private: readFileSync(path, "utf8"), public: readFileSync(`${path}.pub`, "utf8").trim() };
  };
  const [user, peers, ...own] = await Promise.all([
    make("id_ed25519", "lab-user"),
    make("peer_ed25519", "lab-host"),
    ...hosts.map((name) => make(`host_${name}`, "")),
  ]);
  return { user, peers, hosts: new Map(hosts.map((name, index) => [name, own[index]!])) };
}

/** Under sudo the lab is for the person who called it. */
export function giveToCaller(...files: string[]): void {
  const [uid, gid] = [process.env["SUDO_UID"], process.env["SUDO_GID"]];
  if (uid !== undefined && gid !== undefined) for (const file of files) chownSync(file, Number(uid), Number(gid));
}
