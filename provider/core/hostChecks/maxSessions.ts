import type { Problem } from "../problem";
import { problem } from "./check";
import type { HostState } from "./state";

/** Two of virsh, one for questions, and one for each move. */
const sessionsNeeded = 4;

export function maxSessions(state: HostState): Problem[] | undefined {
  const { host, maxSessions: most } = state;
  if (most === undefined) return undefined;
  if (most >= sessionsNeeded) return [];
  return [
    problem(
      state,
      "max-sessions",
      "warning",
      `sshd on ${host} allows ${most} session${most === 1 ? "" : "s"} per connection, but a move needs ${sessionsNeeded}`,
      [{ do: `raise MaxSessions in sshd_config of ${host} (default 10)` }],
    ),
  ];
}
