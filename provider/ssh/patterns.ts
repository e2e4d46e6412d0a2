/** ssh's patterns: `*` any text, `?` one character. */
export function matchesPattern(pattern: string, text: string): boolean {
  const source = [...pattern].map((c) =>
    c === "*" ? ".*" : c === "?" ? "." : c.replace(/[\\^$.|+()[\]{}/-]/g, "\\$&"),
  );
  return new RegExp(`^${source.join("")}$`, "s").test(text);
}

/** A list matches when one pattern does and no negated one (`!pattern`) does. */
export function matchesPatternList(patterns: readonly string[], text: string): boolean {
  let matched = false;
  for (const pattern of patterns) {
    if (pattern.startsWith("!")) {
      if (matchesPattern(pattern.slice(1), text)) return false;
    } else if (matchesPattern(pattern, text)) {
      matched = true;
    }
  }
  return matched;
}

/** No wildcard, no negation: the name of one host. */
export function isLiteral(pattern: string): boolean {
  return !/[*?!]/.test(pattern);
}
