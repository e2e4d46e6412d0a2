/** What a user reads in Pulumi's display where there is no terminal. */

/** The texts of one resource's row, in order, without what Pulumi puts around them. */
export function rowsOf(stdout: string, resource: string): string[] {
  const row = new RegExp(
    `libvirt:VmPlacement ${resource} (?:creating|created|updating|updated)[^(]*\\(\\d+s\\) (?:\\[diff: [^\\]]*\\])?;? ?(.+)$`,
  );
  return stdout.split("\n").flatMap((line) => row.exec(line)?.[1] ?? []);
}

/** The percentages of a resource's rows, in order. */
export function percentagesOf(rows: readonly string[]): number[] {
  return rows.flatMap((row) => {
    const match = /^(?:pre|post)-copy (\d+) %/.exec(row);
    return match ? [Number(match[1])] : [];
  });
}
