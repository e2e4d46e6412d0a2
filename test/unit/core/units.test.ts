import assert from "node:assert/strict";
import fc from "fast-check";
import {
  parseBytes,
  parseDurationMs,
  parsePercent,
  parseRateMiBps,
  showBytes,
  showDuration,
} from "../../../provider/core/units";

describe("units", () => {
  const durations: [text: string, milliseconds: number | undefined][] = [
    ["500ms", 500],
    ["0ms", 0],
    ["30s", 30_000],
    ["1.5s", 1500],
    ["0.29s", 290],
    ["5m", 300_000],
    ["1.5h", 5_400_000],
    ["168h", 604_800_000],
    ["1.5ms", undefined],
    ["30", undefined],
    ["", undefined],
    ["s", undefined],
    ["-1s", undefined],
    ["+1s", undefined],
    ["1 s", undefined],
    [" 1s", undefined],
    ["1s ", undefined],
    ["1s\n", undefined],
    ["1S", undefined],
    ["1min", undefined],
    ["1d", undefined],
    [".5s", undefined],
    ["1e3s", undefined],
    ["1m30s", undefined],
    ["99999999999999999999h", undefined],
  ];
  for (const [text, milliseconds] of durations) {
    it(`the duration ${JSON.stringify(text)} is ${milliseconds === undefined ? "refused" : `${milliseconds} ms`}`, () =>
      assert.equal(parseDurationMs(text), milliseconds));
  }

  it("a percentage is a fraction, with its sign", () => {
    assert.deepEqual(["80%", "400%", "0.29%", "12.5%"].map(parsePercent), [0.8, 4, 0.0029, 0.125]);
    for (const text of ["80", "0.8", "80 %", "-80%", "%", "1e2%", "1.2345%"])
      assert.equal(parsePercent(text), undefined);
  });

  const rates: [text: string, mibPerSecond: number | undefined][] = [
    ["40MiB/s", 40],
    ["1GiB/s", 1024],
    ["1.5GiB/s", 1536],
    ["1024KiB/s", 1],
    ["1TiB/s", 1_048_576],
    ["512KiB/s", undefined],
    ["1.5MiB/s", undefined],
    ["0MiB/s", undefined],
    ["40MiB", undefined],
    ["40", undefined],
    ["40MB/s", undefined],
    ["40Mbit/s", undefined],
    ["40 MiB/s", undefined],
  ];
  for (const [text, mibPerSecond] of rates) {
    it(`the rate ${JSON.stringify(text)} is ${mibPerSecond === undefined ? "refused" : `${mibPerSecond} MiB/s`}`, () =>
      assert.equal(parseRateMiBps(text), mibPerSecond));
  }

  it("a size is read with binary units only", () => {
    assert.equal(parseBytes("64MiB"), 67_108_864);
    assert.equal(parseBytes("0.5KiB"), 512);
    assert.equal(parseBytes("1B"), 1);
    assert.equal(parseBytes("0.3B"), undefined);
    assert.equal(parseBytes("64MB"), undefined);
    assert.equal(parseBytes("64"), undefined);
  });

  it("whole numbers come back as they were written, in every unit", () => {
    const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
    fc.assert(
      fc.property(fc.nat(10_000_000), fc.constantFrom(...(["ms", "s", "m", "h"] as const)), (n, unit) => {
        assert.equal(parseDurationMs(`${n}${unit}`), n * units[unit]);
      }),
    );
    fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 32 }), (n) => parseRateMiBps(`${n}MiB/s`) === n));
  });

  it("no text at all makes the readers throw, and what they give is whole", () => {
    const texts = fc.oneof(fc.string(), fc.stringMatching(/^\d{1,25}(\.\d{1,25})?(ms|s|m|h|B|KiB|MiB|GiB|TiB)(\/s)?$/));
    fc.assert(
      fc.property(texts, (text) => {
        for (const parse of [parseDurationMs, parseBytes, parseRateMiBps]) {
          const value = parse(text);
          assert.ok(value === undefined || (Number.isSafeInteger(value) && value >= 0), `${text} → ${value}`);
        }
      }),
    );
  });

  const shownDurations: [milliseconds: number, text: string][] = [
    [0, "0 ms"],
    [43, "43 ms"],
    [999.4, "999 ms"],
    [999.6, "1 s"],
    [1000, "1 s"],
    [2400, "2.4 s"],
    [59_940, "59.9 s"],
    [59_999, "1 min"],
    [60_000, "1 min"],
    [95_000, "1 min 35 s"],
    [3_599_400, "59 min 59 s"],
    [3_599_999, "1 h"],
    [3_600_000, "1 h"],
    [5_400_000, "1 h 30 min"],
    [7_199_000, "2 h"],
    [86_400_000, "24 h"],
  ];
  for (const [milliseconds, text] of shownDurations) {
    it(`${milliseconds} ms is shown as ${text}`, () => assert.equal(showDuration(milliseconds), text));
  }

  const shownBytes: [bytes: number, text: string][] = [
    [0, "0 B"],
    [512, "512 B"],
    [1024, "1 KiB"],
    [1536, "1.5 KiB"],
    [1_048_575, "1 MiB"],
    [170_917_888, "163 MiB"],
    [9.96 * 2 ** 20, "10 MiB"],
    [2 ** 30 - 1, "1 GiB"],
    [2 ** 50, "1024 TiB"],
  ];
  for (const [bytes, text] of shownBytes) {
    it(`${bytes} bytes are shown as ${text}`, () => assert.equal(showBytes(bytes), text));
  }

  it("no part of a shown duration reaches the next unit, and none is off by more than it rounds", () => {
    fc.assert(
      fc.property(fc.nat(10 * 86_400_000), (milliseconds) => {
        const text = showDuration(milliseconds);
        const size = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 };
        const limit = { ms: 1000, s: 60, min: 60, h: Infinity };
        let sum = 0;
        for (const [, value, unit] of text.matchAll(/([\d.]+) (ms|s|min|h)/g)) {
          assert.ok(Number(value) < limit[unit as "s"], text);
          sum += Number(value) * size[unit as "s"];
        }
        const roundsTo = milliseconds < 60_000 ? 100 : milliseconds < 3_600_000 ? 1000 : 60_000;
        assert.ok(Math.abs(sum - milliseconds) <= roundsTo / 2, `${milliseconds} → ${text}`);
      }),
    );
  });

  it("what is shown as a size stays under 1024 of its unit up to the largest one", () => {
    fc.assert(
      fc.property(fc.nat(Number.MAX_SAFE_INTEGER), (bytes) => {
        const [value, unit] = showBytes(bytes).split(" ");
        assert.ok(Number(value) < 1024 || unit === "TiB", showBytes(bytes));
      }),
    );
  });
});
