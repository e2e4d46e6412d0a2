import type { Migration } from "../core/migration";
import type { Virsh } from "../virsh/client";
import { parseBlockJob } from "../virsh/parse";
import { command } from "../virsh/virshCommand";

/** " · vda 100 % · vdb 41 %": how far each of several disks is copied. The job of the migration only has their sum. */
export async function diskProgress(virsh: Virsh, { domain, copiedDisks = [] }: Migration): Promise<string> {
  if (copiedDisks.length < 2) return "";
  const parts = await Promise.all(
    copiedDisks.map(async ({ target }) => {
      const job = parseBlockJob((await virsh.inquire(command`blockjob ${domain.uuid} --path=${target} --raw`)) ?? "");
      return job === undefined ? "" : ` · ${target} ${Math.floor((100 * job.doneBytes) / job.allBytes)} %`;
    }),
  );
  return parts.join("");
}
