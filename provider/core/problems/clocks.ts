import { showDuration } from "../units";
import type { MoveFacts } from "./facts";
import type { Problem } from "../problem";

const mostMs = 60_000;

/** A VM's clock follows its host's: it jumps with the move. Certificates and logs suffer too. */
export function clocksAgree({ source, destination }: MoveFacts): Problem[] {
  const [from, to] = [source.system?.clockOffsetMs, destination.system?.clockOffsetMs];
  if (from === undefined || to === undefined || Math.abs(to - from) <= mostMs) return [];
  return [
    {
      rule: "clocks-agree",
      severity: "warning",
      code: "clocksApart",
      host: destination.host,
      message: `the clock of ${destination.host} is ${showDuration(Math.abs(to - from))} ${to > from ? "ahead of" : "behind"} that of ${source.host}`,
      remedies: [
        {
          do: "synchronize both with the same time server, by chronyd (or systemd-timesyncd)",
          commands: [source, destination].map(({ host }) => ({ host, command: "systemctl enable --now chronyd" })),
        },
      ],
    },
  ];
}
