/** Which VMs are moved, and how. */
import type { GuestOptions } from "../libvirt";
import type { MigrationOptions } from "../../provider/core/options";

export interface Trial {
  guest: Partial<GuestOptions>;
  /** There, back, and there again. */
  moves: readonly Partial<MigrationOptions>[];
}

interface BootSectorTrial {
  memoryMiB: number;
  dirtyMiB: number;
  /** MiB/s that the guest writes. */
  dirtyRate: number;
  options: Partial<MigrationOptions>;
}

const cut: Partial<MigrationOptions> = { timeoutMs: 20_000, onTimeout: "abort" };

/** Sizes, dirty rates and caps; the last ones cannot converge as they stand. */
const bootSectors: readonly BootSectorTrial[] = [
  ...[64, 128, 256, 512].flatMap((memoryMiB): BootSectorTrial[] => [
    { memoryMiB, dirtyMiB: memoryMiB / 4, dirtyRate: 5, options: {} },
    { memoryMiB, dirtyMiB: memoryMiB / 2, dirtyRate: 20, options: { bandwidthMiBps: 100 } },
    { memoryMiB, dirtyMiB: memoryMiB / 2, dirtyRate: 10, options: { bandwidthMiBps: 40 } },
  ]),
  { memoryMiB: 256, dirtyMiB: 128, dirtyRate: 20, options: { bandwidthMiBps: 60, parallel: true } },
  { memoryMiB: 256, dirtyMiB: 200, dirtyRate: 10, options: { bandwidthMiBps: 50 } },
  { memoryMiB: 128, dirtyMiB: 100, dirtyRate: 15, options: { bandwidthMiBps: 30, maxDowntimeMs: 1000 } },
  { memoryMiB: 512, dirtyMiB: 300, dirtyRate: 10, options: { bandwidthMiBps: 80 } },
  { memoryMiB: 256, dirtyMiB: 150, dirtyRate: 5, options: { bandwidthMiBps: 30 } },
  { memoryMiB: 128, dirtyMiB: 80, dirtyRate: 10, options: { bandwidthMiBps: 25 } },
  {
    memoryMiB: 256,
    dirtyMiB: 100,
    dirtyRate: 40,
    options: { bandwidthMiBps: 20, postCopy: true, postCopyAfterMs: 5000 },
  },
  {
    memoryMiB: 256,
    dirtyMiB: 100,
    dirtyRate: 60,
    options: { bandwidthMiBps: 25, postCopy: true, postCopyAfterMs: 4000 },
  },
  { memoryMiB: 128, dirtyMiB: 64, dirtyRate: 60, options: { bandwidthMiBps: 10, ...cut } },
  { memoryMiB: 128, dirtyMiB: 100, dirtyRate: 80, options: { bandwidthMiBps: 20, ...cut } },
  { memoryMiB: 256, dirtyMiB: 200, dirtyRate: 90, options: { bandwidthMiBps: 30, ...cut } },
];

/** Caps as for a small VM on a busy network: without one such a move is over before it is one. */
const linux: readonly Trial[] = [
  { guest: { memoryMiB: 256, linux: { load: "idle" } }, moves: [{}, { bandwidthMiBps: 30 }] },
  {
    guest: { memoryMiB: 256, linux: { load: "redis", sizeMiB: 32, rate: 2 } },
    moves: [{ bandwidthMiBps: 30 }, { bandwidthMiBps: 60 }],
  },
  {
    guest: { memoryMiB: 256, linux: { load: "redis", sizeMiB: 32, rate: 8 } },
    moves: [
      { bandwidthMiBps: 40, timeoutMs: 60_000 },
      { bandwidthMiBps: 20, postCopy: true, postCopyAfterMs: 5000 },
      { bandwidthMiBps: 20, autoConverge: true, timeoutMs: 90_000 },
    ],
  },
  {
    guest: { memoryMiB: 256, linux: { load: "sqlite", sizeMiB: 24, rate: 2 } },
    moves: [
      { bandwidthMiBps: 40, timeoutMs: 60_000 },
      { bandwidthMiBps: 25, postCopy: true, postCopyAfterMs: 5000 },
    ],
  },
  {
    guest: { memoryMiB: 384, linux: { load: "compile" } },
    moves: [
      { bandwidthMiBps: 60, timeoutMs: 60_000 },
      { bandwidthMiBps: 40, autoConverge: true, timeoutMs: 90_000 },
    ],
  },
];

export const trials: readonly Trial[] = [
  ...bootSectors.map(({ options, ...guest }) => ({ guest, moves: [options] })),
  ...linux,
];
