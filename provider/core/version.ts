/** Compares dotted versions by number: "10.0.13" < "10.1". */
export function versionBelow(version: string, limit: string): boolean {
  const [a, b] = [version, limit].map((text) => text.split(".").map((part) => Number.parseInt(part, 10) || 0)) as [
    number[],
    number[],
  ];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
