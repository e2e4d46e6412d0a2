/** A word for a POSIX shell: as it is where that is safe, else in single quotes. virsh's own parser follows the same rules. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
