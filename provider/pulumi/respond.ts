import { clean } from "../core/clean";
import { PlacementError } from "../core/errors";
import { withoutUndefined } from "../schema";

const maxUnexpected = 16 * 1024;

/**
 * Runs a handler for the engine: its result without what is undefined, an expected failure as its message alone, and not before the
 * rows have arrived.
 */
export async function respond<T>(display: { flush(): Promise<void> }, work: () => Promise<T> | T): Promise<T> {
  try {
    return withoutUndefined(await work());
  } catch (error) {
    throw failureFor(error);
  } finally {
    await display.flush();
  }
}

/** The SDK's server prints an error's stack too. */
function failureFor(error: unknown): unknown {
  if (error instanceof PlacementError) return Object.assign(new Error(error.message), { stack: "" });
  // A fault of this program: its text may hold anything that it was given.
  if (error instanceof Error) {
    const { message, stack } = error;
    error.message = clean(message, maxUnexpected);
    if (stack !== undefined) error.stack = clean(stack, maxUnexpected);
  }
  return error;
}
