/** Tests of a text that read it once, whatever it is: `/a.*b/` reads the rest of its line again for every `a`. */

/** What a RegExp is to those who only ask whether it matches. */
export interface TextMatch {
  test(text: string): boolean;
}

/** True where one line has all parts, one behind the other. Parts have no `*` and no `+`. */
export function onOneLine(...parts: readonly RegExp[]): TextMatch {
  const match = oneBehindTheOther(...parts);
  return { test: (text) => text.split(/\r\n|[\n\r\u2028\u2029]/).some((line) => match.test(line)) };
}

/** True where the text has all parts, one behind the other, on whichever lines. */
export function oneBehindTheOther(...parts: readonly RegExp[]): TextMatch {
  // The first place of each part leaves most for the next.
  const steps = parts.map((part) => new RegExp(part.source, [...new Set(`${part.flags}g`)].join("")));
  return {
    test: (text) => {
      let at = 0;
      return steps.every((step) => {
        step.lastIndex = at;
        const found = step.test(text);
        at = step.lastIndex;
        return found;
      });
    },
  };
}

export function anyOf(...matches: readonly TextMatch[]): TextMatch {
  return { test: (text) => matches.some((match) => match.test(text)) };
}
