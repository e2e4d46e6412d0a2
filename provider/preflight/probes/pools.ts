import type { Virsh } from "../../virsh/client";
import { parsePoolPath } from "../../virsh/hostXml";
import { parseUuids } from "../../virsh/parse";
import { command } from "../../virsh/virshCommand";
import type { UnreadableAnswers } from "./unreadable";

/**
 * The directories of active storage pools. By UUID: a pool's name may be anything, and a list of names has no end of a name but the end
 * of the line. Asked each time.
 */
export async function poolPathsOn(virsh: Virsh, unreadable: UnreadableAnswers): Promise<string[] | undefined> {
  const uuids = await virsh.inquire(command`pool-list --uuid`);
  if (uuids === undefined) return undefined;
  const pools = await Promise.all(
    [...parseUuids(uuids)].map((uuid) => virsh.inquire(command`pool-dumpxml --pool=${uuid}`)),
  );
  const asked = { host: virsh.host, what: "storage pools", command: "virsh pool-dumpxml POOL" } as const;
  return pools.flatMap((xml) => unreadable.unless(asked, xml, parsePoolPath) || []);
}
