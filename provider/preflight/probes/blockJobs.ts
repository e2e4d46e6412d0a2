import type { Virsh } from "../../virsh/client";
import type { DomainDefinition } from "../../virsh/domainXml";
import { hasBlockJob } from "../../virsh/parse";
import { command } from "../../virsh/virshCommand";

/** The disks that a block job works on: a copy, a commit. Asked each time. */
export async function blockJobsOf(source: Virsh, uuid: string, { disks }: DomainDefinition): Promise<string[]> {
  const busy = await Promise.all(
    disks.map(async ({ target, path, type }) => {
      if (path === undefined && type !== "network") return [];
      const job = await source.inquire(command`blockjob ${uuid} --path=${target} --raw`);
      return job === undefined || !hasBlockJob(job) ? [] : [target];
    }),
  );
  return busy.flat();
}
