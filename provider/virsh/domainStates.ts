import type { DomainState } from "../core/domain";
import { parseDomainStats } from "./domainStats";

interface Words {
  state: string;
  /** By number, from 0. */
  reasons: readonly string[];
}

/** libvirt's virDomainState, by number from 0, and the reasons of each, as `domstate --reason` words them. Both only ever grow at the end. */
export const stateWords: readonly Words[] = [
  { state: "no state", reasons: ["unknown"] },
  {
    state: "running",
    reasons: [
      ...["unknown", "booted", "migrated", "restored", "from snapshot", "unpaused", "migration canceled"],
      ...["save canceled", "event wakeup", "crashed", "post-copy", "post-copy failed"],
    ],
  },
  { state: "idle", reasons: ["unknown"] },
  {
    state: "paused",
    reasons: [
      ...["unknown", "user", "migrating", "saving", "dumping", "I/O error", "watchdog", "from snapshot"],
      ...["shutting down", "creating snapshot", "crashed", "starting up", "post-copy", "post-copy failed", "api error"],
    ],
  },
  { state: "in shutdown", reasons: ["unknown", "user"] },
  {
    state: "shut off",
    reasons: [
      ...["unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from snapshot", "daemon"],
    ],
  },
  { state: "crashed", reasons: ["unknown", "panicked"] },
  { state: "pmsuspended", reasons: ["unknown"] },
];

/** `domstats --state`: the state of each domain, by its name. Left out: numbers that are new to us, and names that may be feigned. */
export function parseDomainStates(text: string): Map<string, DomainState> {
  const found = new Map<string, DomainState>();
  for (const [name, fields] of parseDomainStats(text)) {
    const words = stateWords[numberIn(fields.get("state.state"))];
    const reason = words?.reasons[numberIn(fields.get("state.reason"))];
    if (words !== undefined && reason !== undefined) found.set(name, { state: words.state, reason });
  }
  return found;
}

const numberIn = (text: string | undefined) => (text === undefined || !/^\d{1,9}$/.test(text) ? NaN : Number(text));
