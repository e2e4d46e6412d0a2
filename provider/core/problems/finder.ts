import type { Problem } from "../problem";
import type { MoveFacts } from "./facts";

/** From facts to problems. Pure, and finds nothing where a fact is undefined. */
export type Finder = (facts: MoveFacts) => Problem[];
