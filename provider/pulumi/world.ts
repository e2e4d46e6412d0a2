import type { Inventory } from "../core/model";
import type { Clock, Dial } from "../core/ports";
import type { Display } from "./display";

/** What the handlers need of the world; a test passes its own. */
export interface World {
  dial(inventory: Inventory): Dial;
  /** Host names that ~/.ssh/config knows literally. */
  sshHosts(): string[];
  clock: Clock;
  display: Display;
}
