import type { Inventory, SshChoice } from "../core/model";
import type { Clock, Dial } from "../core/ports";
import type { Display } from "./display";

/** What the handlers need of the world; a test passes its own. */
export interface World {
  /** `note` is told, once for each host, why this computer's ssh command is taken. */
  dial(inventory: Inventory, ssh: SshChoice, note: (text: string) => void): Dial;
  /** Host names that ~/.ssh/config knows literally. */
  sshHosts(): string[];
  clock: Clock;
  display: Display;
}
