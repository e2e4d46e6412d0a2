/** Durations, rates and sizes as the user writes them. A bare number is refused: nobody should have to guess its unit. */

const durationUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const byteUnits = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;

/** "500ms" → 500, "1.5s" → 1500. Undefined when it is no duration of whole milliseconds. */
export function parseDurationMs(text: string): number | undefined {
  return parse(text, /^(\d+(?:\.\d+)?)(ms|s|m|h)$/, durationUnits);
}

/** "1GiB/s" → 1024. Undefined when it is no rate of whole MiB/s, libvirt's unit. */
export function parseRateMiBps(text: string): number | undefined {
  if (!text.endsWith("/s")) return undefined;
  const bytes = parseBytes(text.slice(0, -2));
  return bytes !== undefined && bytes > 0 && bytes % byteUnits.MiB === 0 ? bytes / byteUnits.MiB : undefined;
}

/** "64MiB" → 67108864. */
export function parseBytes(text: string): number | undefined {
  return parse(text, /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB|TiB)$/, byteUnits);
}

/** "80%" → 0.8, "400%" → 4. */
export function parsePercent(text: string): number | undefined {
  const match = /^(\d{1,6}(?:\.\d{1,3})?)%$/.exec(text);
  // Rounded: 0.29 × 100 is not 29 in binary fractions.
  return match ? Math.round(Number(match[1]) * 1000) / 100_000 : undefined;
}

function parse<U extends string>(text: string, pattern: RegExp, units: Record<U, number>): number | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  // Rounded to a thousandth: 0.29 × 100 is not 29 in binary fractions, yet "0.29s" is whole milliseconds.
  const value = Math.round(Number(match[1]) * units[match[2] as U] * 1000) / 1000;
  return Number.isSafeInteger(value) ? value : undefined;
}

/** 43 → "43 ms", 2400 → "2.4 s", 95_000 → "1 min 35 s". Rounded first, so that no part reaches the next unit ("1 h 60 min"). */
export function showDuration(ms: number): string {
  if (Math.round(ms) < 1000) return `${Math.round(ms)} ms`;
  const tenths = Math.round(ms / 100);
  if (tenths < 600) return `${tenths / 10} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return twoParts(seconds, "min", "s");
  return twoParts(Math.round(ms / 60_000), "h", "min");
}

function twoParts(count: number, large: string, small: string): string {
  return `${Math.floor(count / 60)} ${large}${count % 60 === 0 ? "" : ` ${count % 60} ${small}`}`;
}

/** 170917888 → "163 MiB". */
export function showBytes(bytes: number): string {
  const units = Object.keys(byteUnits) as (keyof typeof byteUnits)[];
  const shown = (unit: keyof typeof byteUnits) => {
    const value = bytes / byteUnits[unit];
    return value >= 10 ? Math.round(value) : Math.round(value * 10) / 10;
  };
  const unit = units.find((candidate) => shown(candidate) < 1024) ?? "TiB";
  return `${shown(unit)} ${unit}`;
}
