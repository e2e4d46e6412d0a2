/**
 * ssh's patterns: `*` any text, `?` one character. Takes pattern × text steps at most: where it fails, only the last `*` takes one
 * character more.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  const [parts, characters] = [[...pattern], [...text]];
  let [at, star, from] = [0, -1, 0];
  for (let i = 0; i < characters.length;) {
    if (parts[at] === "*") {
      [star, from] = [at++, i];
    } else if (at < parts.length && (parts[at] === "?" || parts[at] === characters[i])) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++from;
    } else return false;
  }
  return parts.slice(at).every((part) => part === "*");
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
