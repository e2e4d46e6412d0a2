import type { Problem } from "../problem";
import type { MoveFacts } from "./facts";

/** From facts to what stands in the way. Pure, and silent about what it is not told. */
export type Finder = (facts: MoveFacts) => Problem[];
