/** The progress of one migration: what is left, the rates, how much the VM is slowed and would pause, one above the other over the same time. */
import { showBytes, showDuration } from "../../core/units";
import type { HistoryEntry } from "../entry";
import type { Sample } from "../samples";
import { axis, byteSteps, timeSteps } from "./axis";
import { html, type Markup } from "./html";

const width = 860;
const left = 74;
const right = 12;
const plotWidth = width - left - right;
const gap = 26;

interface Series {
  name: string;
  color: string;
  of: (sample: Sample) => number | undefined;
}

interface Panel {
  title: string;
  height: number;
  series: readonly Series[];
  show: (value: number) => string;
  steps?: readonly number[];
  /** The axis ends there at the least. */
  atLeast?: number;
}

const panels: readonly Panel[] = [
  {
    title: "left to send",
    height: 130,
    series: [{ name: "bytes remaining", color: "#2563eb", of: ({ remainingBytes }) => remainingBytes }],
    show: showBytes,
    steps: byteSteps,
  },
  {
    title: "rates",
    height: 100,
    series: [
      { name: "sent", color: "#059669", of: ({ bytesPerSecond }) => bytesPerSecond },
      { name: "dirtied by the guest", color: "#d97706", of: ({ dirtyBytesPerSecond }) => dirtyBytesPerSecond },
    ],
    show: (value) => `${showBytes(value)}/s`,
    steps: byteSteps,
  },
  {
    title: "the VM is slowed by",
    height: 60,
    series: [{ name: "throttle", color: "#b91c1c", of: ({ throttlePercent }) => throttlePercent }],
    show: (value) => `${value}%`,
    atLeast: 100,
  },
  {
    title: "pause expected if it ended then",
    height: 60,
    // In post-copy the VM runs already; libvirt goes on to estimate what a switch would cost.
    series: [{ name: "pause", color: "#7c3aed", of: ({ downtimeMs, inPostCopy }) => (inPostCopy ? undefined : downtimeMs) }], // prettier-ignore
    show: showDuration,
    steps: timeSteps,
  },
];

/** Undefined where the migration was over before it was asked twice. */
export function progressChart({ samples, measured }: HistoryEntry): Markup | undefined {
  const last = samples.at(-1);
  if (samples.length < 2 || last === undefined) return undefined;
  const x = axis(Math.max(last.ms, measured?.durationMs ?? 0), plotWidth, { ticks: 8, steps: timeSteps });
  const drawn = panels.filter(({ series }) => series.some(({ of }) => samples.some((sample) => (of(sample) ?? 0) > 0)));
  if (drawn.length === 0) return undefined;
  let top = 18;
  const parts: Markup[] = [];
  for (const panel of drawn) {
    parts.push(panelAt(panel, top, samples, x.at));
    top += panel.height + gap;
  }
  const bottom = top - gap;
  const switched = samples.find(({ inPostCopy }) => inPostCopy);
  return html`<svg viewBox="0 0 ${width} ${bottom + 22}" role="img" aria-label="progress of the migration">
    ${switched && html`<rect x="${px(left + x.at(switched.ms))}" y="18" width="${px(plotWidth - x.at(switched.ms))}" height="${bottom - 18}" class="post" /><text x="${px(left + x.at(switched.ms) + 4)}" y="12" class="note">post-copy: runs on the destination</text>`}
    ${x.ticks.map((ms) => html`<line x1="${px(left + x.at(ms))}" x2="${px(left + x.at(ms))}" y1="18" y2="${bottom}" class="grid" /><text x="${px(left + x.at(ms))}" y="${bottom + 15}" class="tick" text-anchor="middle">${showDuration(ms)}</text>`)}
    ${parts}
  </svg>`;
}

function panelAt(panel: Panel, top: number, samples: readonly Sample[], xOf: (ms: number) => number): Markup {
  const { title, height, series, show, steps = [], atLeast = 0 } = panel;
  const values = series.flatMap(({ of }) => samples.map((sample) => of(sample) ?? 0));
  const y = axis(Math.max(atLeast, ...values), height, { ticks: height > 80 ? 3 : 2, steps });
  const base = top + height;
  return html`<g>
    ${y.ticks.map((value) => html`<line x1="${left}" x2="${left + plotWidth}" y1="${px(base - y.at(value))}" y2="${px(base - y.at(value))}" class="grid" /><text x="${left - 6}" y="${px(base - y.at(value) + 4)}" class="tick" text-anchor="end">${show(value)}</text>`)}
    ${series.map(({ of, color }) => line(samples, of, color, (ms, value) => `${px(left + xOf(ms))},${px(base - y.at(value))}`))}
    <text x="${left + 4}" y="${top - 5}" class="panel"
      >${title}${series.length > 1 && html`: ${series.map(({ name, color }, index) => html`${index > 0 && " · "}<tspan fill="${color}">${name}</tspan>`)}`}</text
    >
  </g>`;
}

function line(
  samples: readonly Sample[],
  of: Series["of"],
  color: string,
  point: (ms: number, value: number) => string,
): Markup {
  const points = samples.flatMap((sample) => {
    const value = of(sample);
    return value === undefined ? [] : [point(sample.ms, value)];
  });
  return html`<polyline points="${points.join(" ")}" fill="none" stroke="${color}" stroke-width="2" />`;
}

const px = (value: number) => Number(value.toFixed(1));
