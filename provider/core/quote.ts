/** A word for a POSIX shell: as it is where that is safe, else in single quotes. virsh's own parser follows the same rules. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Nothing in it acts on a terminal, on the order of the text or on the display of Pulumi: no control, format or separator
 * characters (C0, DEL, C1, bidirectional overrides, U+2028, U+2029), none that is drawn as nothing, no lone surrogates, no colour directive.
 */
export function canBeShown(word: string): boolean {
  return !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]|<\{%/u.test(word);
}
