import type { Virsh } from "../../virsh/client";
import { parseUuids } from "../../virsh/parse";
import { command } from "../../virsh/virshCommand";

/** The names of its snapshots and checkpoints, which no migration takes along. Asked each time. */
export async function snapshotsOf(
  source: Virsh,
  uuid: string,
): Promise<{ snapshots: string[] | undefined; checkpoints: string[] | undefined }> {
  const [snapshots, checkpoints] = await Promise.all([
    source.inquire(command`snapshot-list --name ${uuid}`),
    source.inquire(command`checkpoint-list --name ${uuid}`),
  ]);
  return { snapshots: namesIn(snapshots), checkpoints: namesIn(checkpoints) };
}

function namesIn(list: string | undefined): string[] | undefined {
  return list === undefined ? undefined : [...parseUuids(list)];
}
