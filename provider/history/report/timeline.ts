/** All moves over time, one row for each, in the order of their starts. */
import { showDuration } from "../../core/units";
import type { HistoryEntry } from "../entry";
import { axis, timeSteps } from "./axis";
import { hostColor } from "./colors";
import { html, type Markup } from "./html";

const width = 860;
const names = 170;
const row = 24;
const top = 8;

export function timeline(entries: readonly HistoryEntry[], hosts: readonly string[]): Markup {
  const begin = Math.min(...entries.map(({ startedAt }) => Date.parse(startedAt)));
  const end = Math.max(...entries.map(({ endedAt }) => Date.parse(endedAt)));
  const plot = width - names - 12;
  const x = axis(end - begin, plot, { ticks: 7, steps: timeSteps });
  const bottom = top + entries.length * row;
  return html`<svg viewBox="0 0 ${width} ${bottom + 22}" role="img" aria-label="timeline of the moves">
    ${x.ticks.map((ms) => html`<line x1="${px(names + x.at(ms))}" x2="${px(names + x.at(ms))}" y1="${top}" y2="${bottom}" class="grid" /><text x="${px(names + x.at(ms))}" y="${bottom + 15}" class="tick" text-anchor="middle">${ms === 0 ? "0" : `+${showDuration(ms)}`}</text>`)}
    ${entries.map((entry, index) => bar(entry, top + index * row, { begin, at: x.at, plot, hosts }))}
  </svg>`;
}

function bar(
  entry: HistoryEntry,
  y: number,
  { begin, at, plot, hosts }: { begin: number; at: (ms: number) => number; plot: number; hosts: readonly string[] },
): Markup {
  const from = at(Date.parse(entry.startedAt) - begin);
  const length = Math.max(3, at(Date.parse(entry.endedAt) - Date.parse(entry.startedAt)));
  const took = Date.parse(entry.endedAt) - Date.parse(entry.startedAt);
  const label = `${entry.from} → ${entry.to}, ${showDuration(took)}${entry.outcome === "moved" ? "" : `: ${entry.outcome}`}`;
  // Beside the bar, on the side that has room.
  const isLeft = from + length > plot * 0.6;
  const failed = entry.outcome !== "moved" && html` stroke="#b91c1c" stroke-width="2" stroke-dasharray="4 2"`;
  return html`<text x="${names - 8}" y="${y + 16}" class="vm" text-anchor="end">${shortened(entry.vm)}</text>
    <rect
      x="${px(names + from)}"
      y="${y + 4}"
      width="${px(length)}"
      height="${row - 8}"
      rx="3"
      fill="${hostColor(entry.to, hosts)}"
      ${failed}
      ><title>${entry.vm}: ${label}</title></rect
    >
    <text
      x="${px(names + (isLeft ? from - 6 : from + length + 6))}"
      y="${y + 16}"
      class="note"
      text-anchor="${isLeft ? "end" : "start"}"
      >${label}</text
    >`;
}

const shortened = (name: string) => (name.length > 24 ? `${name.slice(0, 23)}…` : name);
const px = (value: number) => Number(value.toFixed(1));
