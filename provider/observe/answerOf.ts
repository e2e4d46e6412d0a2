import { PlacementError } from "../core/errors";
import type { Virsh } from "../virsh/client";
import type { Hosts } from "./hosts";

/** What a host answers, or why it does not: for a question that may stay open. */
export async function answerOf<T>(
  hosts: Hosts,
  host: string,
  ask: (virsh: Virsh) => Promise<T>,
): Promise<T | PlacementError> {
  try {
    return await ask(await hosts.on(host));
  } catch (error) {
    if (error instanceof PlacementError) return error;
    throw error;
  }
}
