import type { Migration } from "../core/migration";

/** A move before it begins, as far as the hosts are asked about it. `doctor` asks for two hosts, of no VM in particular. */
export type IntendedMove = Pick<Migration, "source" | "destination" | "how" | "options" | "staleImages" | "limits"> & {
  domain: Pick<Migration["domain"], "uuid" | "state">;
  command: string;
};
