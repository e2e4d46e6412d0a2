/** How long is waited for what, in milliseconds: one table, so that the waits can be read against each other. */

/** A wait for what ends by itself, before it becomes an error. */
export const waits = {
  /** libvirt clearing up, a job of another kind, the first moment of somebody's migration. */
  settles: 60_000,
  /** A QEMU whose connection was gone for minutes notices after two more that it is back. */
  settlesSlowly: 180_000,
  /** Both hosts must have said so, with nothing sent, before a post-copy counts as stopped: on 9.0.0 one whose link was silent for 70 s still ended by itself. */
  postCopyStopped: 30_000,
  /** A post-copy that libvirt on the source has given up, and of which nothing is sent any more. */
  postCopyGivenUp: 180_000,
  /** libvirt clears up on both hosts after virsh has returned an error; it notices a lost connection after half a minute. */
  verdict: 45_000,
  /** A post-copy that libvirt calls failed may go on for a moment. */
  postCopyFailed: 5000,
  /** libvirt's ssh gives up on a host that is not there after some two minutes; on one that accepts and then says nothing, never. */
  reach: 150_000,
  /** Nothing was sent: reported after this. */
  stallReported: 30_000,
  /** Nothing was sent: cancelled after this, before the switch to post-copy. */
  stallEnds: 600_000,
  /** The source answers nothing while its migration runs. */
  silence: 60_000,
  /** A migration that was cancelled. */
  cancel: 60_000,
  /** `--timeout`-like actions that come due while QEMU's migration is being set up are tried for this long. */
  lateStart: 5000,
  /** An offline migration moves a few kilobytes; libvirt gives up on a silent destination well before. */
  offline: 180_000,
  /** An offline migration whose virsh was lost: how long its end may take to show. */
  offlineLost: 10_000,
} as const;

/** How often the hosts are asked, and progress is shown. */
export const intervals = {
  /** The first pause between two observations; each is twice the one before. */
  firstObservation: 500,
  /** The longest pause between two observations. */
  longestObservation: 5000,
  /** Between two polls of a migration, or of how it ended. */
  poll: 250,
  /** Between two rows of progress. */
  row: 1000,
  /** Between two rows that say the same wait. */
  sameWait: 5000,
} as const;

/** How long an answer serves further reads. */
export const validity = {
  /** One observation of a host. */
  observation: 3000,
  /** The same, where it took so long: looks are at most a tenth of what a command does, up to an age of half a minute. */
  observationThatTook: (ms: number): number => Math.min(30_000, Math.max(3000, 10 * ms)),
  /** What a host is made of and how it is configured: moves change none of it. */
  settings: 60_000,
  /** The facts of a move, from the moment that they are asked for to the one that they decide. */
  facts: 5000,
  /** The last look at a VM before its migration begins. */
  lastLook: 250,
} as const;
