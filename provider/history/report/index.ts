/** A report of moves as one HTML file: no script, nothing loaded from elsewhere. */
import { showBytes, showDuration } from "../../core/units";
import type { HistoryEntry } from "../entry";
import { hostLoads } from "./hostLoads";
import { html, type Markup } from "./html";
import { progressChart } from "./progressChart";
import { style } from "./style";
import { timeline } from "./timeline";

/** @param entries at least one, in the order of their starts. */
export function report(entries: readonly HistoryEntry[]): string {
  const hosts = [...new Set(entries.flatMap(({ from, to }) => [from, to]))].sort();
  const loads = hostLoads(entries, hosts);
  const title = `${entries.length} ${entries.length === 1 ? "move" : "moves"}, ${entries[0]!.startedAt.slice(0, 16).replace("T", " ")} UTC`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${summary(entries)}
          <h2>Timeline</h2>
          ${timeline(entries, hosts)}
          ${
            loads &&
            html`<h2>Hosts</h2>
              ${loads}`
          }
          <h2>Moves</h2>
          ${table(entries)} ${entries.map((entry, index) => section(entry, index))}
        </main>
      </body>
    </html> `.text;
}

function summary(entries: readonly HistoryEntry[]): Markup {
  const moved = entries.filter(({ outcome }) => outcome === "moved");
  const begin = Math.min(...entries.map(({ startedAt }) => Date.parse(startedAt)));
  const end = Math.max(...entries.map(({ endedAt }) => Date.parse(endedAt)));
  const pauses = moved.flatMap(({ measured }) => measured?.downtimeMs ?? []);
  const bytes = moved.reduce((sum, { measured }) => sum + (measured?.totalBytes ?? 0), 0);
  const commits = [...new Set(entries.flatMap(({ commit }) => commit ?? []))];
  const tiles: [string, string | number][] = [
    ["moved", moved.length],
    ["not moved", entries.length - moved.length],
    ["from first start to last end", showDuration(end - begin)],
    ["longest pause of a VM", pauses.length === 0 ? "not reported" : showDuration(Math.max(...pauses))],
    ["sent", showBytes(bytes)],
    ...commits.slice(0, 3).map((commit): [string, string] => ["commit", commit.slice(0, 12)]),
  ];
  return html`<div class="tiles">
    ${tiles.map(([name, value]) => html`<div><b>${value}</b><span>${name}</span></div>`)}
  </div>`;
}

function table(entries: readonly HistoryEntry[]): Markup {
  return html`<table>
    <tr>
      <th>VM</th>
      <th>source</th>
      <th>destination</th>
      <th>outcome</th>
      <th>by</th>
      <th>time</th>
      <th>estimate</th>
      <th>pause</th>
      <th>sent</th>
    </tr>
    ${entries.map((entry, index) => {
      const { vm, from, to, outcome, how, measured, estimate } = entry;
      return html`<tr>
        <td><a href="#m${index}">${vm}</a></td>
        <td>${from}</td>
        <td>${to}</td>
        <td class="${outcome}">${outcome}</td>
        <td>${measured?.mode ?? how}</td>
        <td class="n">${took(entry)}</td>
        <td class="n">${duration(estimate?.durationMs)}</td>
        <td class="n">${duration(measured?.downtimeMs)}</td>
        <td class="n">${size(measured?.totalBytes)}</td>
      </tr>`;
    })}
  </table>`;
}

function section(entry: HistoryEntry, index: number): Markup {
  const { vm, from, to, outcome, reason, error, command, measured, estimate, commit, urn } = entry;
  return html`<section id="m${index}">
    <h3>${vm}: ${from} → ${to}</h3>
    <p class="${outcome}">
      ${outcome === "moved" ? `moved in ${took(entry)}` : outcome === "stayed" ? `not moved: the VM stayed on ${from}` : "how it ended is not known"}${reason !== "" && `; ${reason}`}
    </p>
    ${error && html`<p class="stayed">${error.message} [${error.code}]</p>`}
    <table>
      <tr>
        <th></th>
        <th>estimate</th>
        <th>measured</th>
      </tr>
      <tr>
        <th>verdict</th>
        <td>${estimate?.verdict ?? "none"}</td>
        <td>${measured?.mode ?? outcome}</td>
      </tr>
      <tr>
        <th>time</th>
        <td class="n">
          ${duration(estimate?.durationMs)}${range(estimate?.bestDurationMs, estimate?.worstDurationMs)}
        </td>
        <td class="n">${duration(measured?.durationMs)}</td>
      </tr>
      <tr>
        <th>pause</th>
        <td class="n">${duration(estimate?.downtimeMs)}</td>
        <td class="n">${duration(measured?.downtimeMs)}</td>
      </tr>
      <tr>
        <th>sent</th>
        <td class="n">${size(estimate?.totalBytes)}</td>
        <td class="n">${size(measured?.totalBytes)}</td>
      </tr>
      <tr>
        <th>passes</th>
        <td class="n">${estimate?.passes ?? "–"}</td>
        <td class="n">${measured?.passes ?? "–"}</td>
      </tr>
    </table>
    ${progressChart(entry)}
    <p class="small">
      started ${entry.startedAt}${commit !== undefined && ` · commit ${commit}`}${urn !== undefined && ` · ${urn}`}
    </p>
    ${command !== undefined && html`<pre>${command}</pre>`}
  </section>`;
}

function took({ startedAt, endedAt, measured }: HistoryEntry): string {
  return showDuration(measured?.durationMs ?? Date.parse(endedAt) - Date.parse(startedAt));
}

function range(best: number | undefined, worst: number | undefined): string {
  return best === undefined || worst === undefined ? "" : ` (${showDuration(best)} to ${showDuration(worst)})`;
}

const duration = (ms: number | undefined) => (ms === undefined ? "–" : showDuration(ms));
const size = (bytes: number | undefined) => (bytes === undefined ? "–" : showBytes(bytes));
