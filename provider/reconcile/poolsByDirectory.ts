import type { Virsh } from "../virsh/client";
import { parsePoolPath } from "../virsh/hostXml";
import { parseUuids } from "../virsh/parse";
import { command } from "../virsh/virshCommand";

/** The active storage pools of a host. `of` a path: the UUID of the one that has its directory. */
export async function poolsByDirectory(virsh: Virsh): Promise<{ of(path: string): string | undefined }> {
  const uuids = [...parseUuids((await virsh.inquire(command`pool-list --uuid`)) ?? "")];
  const known = await Promise.all(
    uuids.map(async (uuid) => {
      const xml = await virsh.inquire(command`pool-dumpxml --pool=${uuid}`);
      const directory = xml === undefined ? undefined : parsePoolPath(xml);
      return directory ? [[directory.replace(/(?<=.)\/$/, ""), uuid] as const] : [];
    }),
  );
  const pools = new Map(known.flat());
  return { of: (path) => pools.get(path.slice(0, path.lastIndexOf("/")) || "/") };
}
