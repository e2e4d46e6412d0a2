import assert from "node:assert/strict";
import { hostUse } from "../../../../provider/preflight/probes/hostUse";

interface Reading {
  uptime?: string;
  stat?: string;
  meminfo?: string;
  pressure?: (what: string) => string;
  end?: string;
}

const psi = (total: number, avg10 = "0.00") => `some avg10=${avg10} avg60=28.16 avg300=16.26 total=${total}
full avg10=0.00 avg60=0.00 avg300=0.00 total=0`;

/** As a host with 24 GiB and 2 CPUs printed it (Linux 6.1), with other counters. */
const reading = ({ uptime = "100.00", stat, meminfo, pressure = () => psi(0), end = "\n@@ end\n" }: Reading = {}) =>
  [
    `\n@@ uptime\n${uptime}\n`,
    `\n@@ stat\n${stat ?? "cpu  1000 0 1000 4000 0 0 0 0 9 0"}\n`,
    `\n@@ meminfo\n${meminfo ?? "MemTotal:       24683656 kB\nMemAvailable:   23903064 kB"}\n`,
    ...["cpu", "memory", "io"].map((what) => `\n@@ pressure.${what}\n${pressure(what)}\n`),
    end,
  ].join("");

describe("probe: what a host uses", () => {
  it("is the busy CPUs and the waits of the window, and the memory at its end", () => {
    const waits: Record<string, number> = { cpu: 4_827_000, memory: 0, io: 500_000 };
    const later = reading({
      uptime: "110.00",
      stat: "cpu  1500 0 1300 5100 100 0 0 0 400 0",
      pressure: (what) => psi(waits[what]!, "99.00"),
    });
    assert.deepEqual(hostUse(reading(), later), {
      usedMemoryBytes: (24_683_656 - 23_903_064) * 1024,
      busyFraction: 0.4,
      pressure: { cpu: 0.4827, memory: 0, io: 0.05 },
    });
  });

  it("takes the kernel's mean of ten seconds where the total does not tell", () => {
    const before = reading({ pressure: () => psi(900) });
    const after = reading({ uptime: "110.00", pressure: () => psi(10, "48.27") });
    assert.deepEqual(hostUse(before, after)!.pressure, { cpu: 0.4827, memory: 0.4827, io: 0.4827 });
  });

  it("is without pressure where the kernel has none, and is known otherwise", () => {
    const use = hostUse(reading({ pressure: () => "" }), reading({ uptime: "110.00", pressure: () => "" }))!;
    assert.equal(use.pressure, undefined);
    assert.equal(use.usedMemoryBytes, 780_592 * 1024);
  });

  it("is never less than nothing", () => {
    // The kernel says of iowait that it may go down.
    const before = reading({ stat: "cpu  1000 0 1000 4000 500 0 0 0 0 0" });
    const after = reading({ stat: "cpu  1000 0 1000 5000 400 0 0 0 0 0", uptime: "90.00" });
    assert.deepEqual([hostUse(before, after)!.busyFraction, hostUse(before, after)!.pressure!.cpu], [0, 0]);
  });

  for (const [what, text] of [
    ["is cut", reading({ end: "" })],
    ["is empty", ""],
  ] as const)
    it(`is not known where a reading ${what}`, () => {
      assert.equal(hostUse(reading(), text), undefined);
      assert.equal(hostUse(text, reading()), undefined);
    });

  it("leaves out what is no number", () => {
    const odd = reading({ stat: "cpu  x 0 1000 4000 0", meminfo: "MemTotal: lots kB", uptime: "soon" });
    assert.deepEqual(hostUse(odd, odd), {
      usedMemoryBytes: undefined,
      busyFraction: undefined,
      pressure: { cpu: 0, memory: 0, io: 0 },
    });
  });
});
