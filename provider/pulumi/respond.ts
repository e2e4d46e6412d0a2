import { clean } from "../core/clean";
import { PlacementError } from "../core/errors";
import { withoutUndefined } from "../schema";
import type { Display } from "./display";

const maxUnexpected = 16 * 1024;

/**
 * Runs a handler for the engine: its result without what is undefined, an expected failure as its message alone, and not before the
 * rows have arrived. The engine passes text on and no more, so what failed goes to its debug log too, as JSON: `{"problem":{…}}`.
 */
export async function respond<T>(display: Pick<Display, "debug" | "flush">, work: () => Promise<T> | T): Promise<T> {
  try {
    return withoutUndefined(await work());
  } catch (error) {
    const problem = placementErrorOf(error);
    if (problem) display.debug(JSON.stringify({ problem }));
    throw failureFor(error);
  } finally {
    await display.flush();
  }
}

/** A partial failure has it as its cause. */
function placementErrorOf(error: unknown): PlacementError | undefined {
  if (error instanceof PlacementError) return error;
  return error instanceof Error && error.cause instanceof PlacementError ? error.cause : undefined;
}

/** The SDK's server prints an error's stack too. */
function failureFor(error: unknown): unknown {
  if (error instanceof PlacementError) return Object.assign(new Error(error.message, { cause: error }), { stack: "" });
  // A fault of this program: its text may hold anything that it was given.
  if (error instanceof Error) {
    const { message, stack } = error;
    error.message = clean(message, maxUnexpected);
    if (stack !== undefined) error.stack = clean(stack, maxUnexpected);
  }
  return error;
}
