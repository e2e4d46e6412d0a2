import { PlacementError } from "../core/errors";
import type { Virsh } from "../virsh/client";
import type { Hosts } from "./hosts";

/** What a host answers, or why it does not: for a question that may stay open. */
export function answerOf<T>(
  hosts: Hosts,
  host: string,
  ask: (virsh: Virsh) => Promise<T>,
): Promise<T | PlacementError> {
  return orFailure(hosts.on(host).then(ask));
}

/** The failure as a value: of many hosts that are asked at once, each answer then stands in its host's place. */
export async function orFailure<T>(answer: Promise<T>): Promise<T | PlacementError> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof PlacementError) return error;
    throw error;
  }
}
