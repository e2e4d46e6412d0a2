const colors = ["#2563eb", "#059669", "#d97706", "#7c3aed", "#db2777", "#0891b2", "#65a30d", "#475569"];

/** The same for one host throughout a report. */
export function hostColor(host: string, hosts: readonly string[]): string {
  return colors[Math.max(0, hosts.indexOf(host)) % colors.length]!;
}
