import { PlacementError } from "../core/errors";
import { type Hindrance, resumeHindrances } from "../core/resumable";
import { answerOf } from "./answerOf";
import type { Hosts } from "./hosts";

/** Why an interrupted post-copy could not be resumed; undefined where no hindrance is known. */
export async function resumeHindrance(
  hosts: Hosts,
  source: string,
  destination: string,
): Promise<Hindrance | undefined> {
  const [from, to] = await Promise.all([source, destination].map((host) => libvirtOn(hosts, host)));
  return resumeHindrances({ host: source, libvirt: from }, { host: destination, libvirt: to })[0];
}

async function libvirtOn(hosts: Hosts, host: string): Promise<string | undefined> {
  const versions = await answerOf(hosts, host, (virsh) => virsh.versions());
  return versions instanceof PlacementError ? undefined : versions.libvirt;
}
