import { UNKNOWN } from "../schema";
import type { Display } from "./display";
import type { Props } from "./state";

/** Warns of a second placement of the same VM in one run, in the row of the second. */
export function createDuplicateWarning(display: Display): (news: Props) => void {
  const urns = new Map<string, string>();
  return ({ domain, __urn: urn }) => {
    if (typeof domain !== "string" || typeof urn !== "string" || domain === UNKNOWN) return;
    const other = urns.get(domain);
    if (other !== undefined && other !== urn) {
      display
        .row(urn)
        .warn(`${domain} is also placed by ${other}: if they name different hosts, each up moves it back and forth`);
    }
    urns.set(domain, urn);
  };
}
