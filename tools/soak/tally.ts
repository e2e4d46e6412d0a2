/** What came of a soak so far. */
export class Tally {
  moves = 0;
  rounds = 0;
  readonly wrong: string[] = [];
  private readonly counts = {
    faults: new Map<string, number>(),
    verdicts: new Map<string, number>(),
    byHand: new Map<string, number>(),
  };

  count(kind: keyof Tally["counts"], text: string, by = 1): void {
    const counts = this.counts[kind];
    counts.set(text, (counts.get(text) ?? 0) + by);
  }

  report(start: number, grownMiB: number): void {
    const { moves, wrong } = this;
    const { faults, verdicts, byHand } = this.counts;
    const lines = (counts: Map<string, number>) =>
      [...counts].sort(([, a], [, b]) => b - a).map(([text, count]) => `  ${String(count).padStart(5)}  ${text}`);
    const seconds = (Date.now() - start) / 1000;
    console.log(
      `\n${moves} moves in ${seconds.toFixed(0)} s (1,000 take ${(((seconds / moves) * 1000) / 60).toFixed(0)} min)`,
    );
    console.log(
      [
        "faults:",
        ...lines(faults),
        "verdicts:",
        ...lines(verdicts),
        ...(byHand.size > 0 ? ["remedies of errors, done by hand:"] : []),
        ...lines(byHand),
      ].join("\n"),
    );
    console.log(`memory grew by ${grownMiB.toFixed(1)} MiB`);
    if (wrong.length === 0) console.log("0 lost, 0 doubled, 0 leaks");
    else for (const line of wrong) console.log(`WRONG ${line}`);
  }
}
