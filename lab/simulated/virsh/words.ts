/** The words of a command line, as virsh and sh read those that the provider writes. */
export function wordsOf(line: string): string[] {
  return (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^'(.*)'$/s, "$1"));
}

/** The first that is neither an option nor a number. */
export function domainIn(words: readonly string[]): string {
  return words.find((word) => !word.startsWith("-") && !/^\d+$/.test(word)) ?? "";
}
