interface Banned {
  word: RegExp;
  instead: string;
  /** Where it means something else: taken out of the line before it is searched. */
  allowed?: RegExp;
}

/** Only as identifiers: as words of a sentence they are English. */
const bannedNames: readonly Banned[] = [
  {
    word: /\b(const|let) \[?(here|there)\b|(?<![-\w])(here|there)(\?\.| [!=]== |\.(?!\s)[a-z])|[(,] ?(here|there)\??: [A-Z]/,
    instead: "source, destination",
  },
  { word: /\bendedThere\b/, instead: "crashedOnDestination" },
  { word: /\binWords\b/, instead: "description, render" },
];

/**
 * Of the glossary in docs/style.md. Identifiers are read word by word: `toAndFro` is "to and fro".
 */
const banned: readonly Banned[] = [
  { word: /\bwanted\b/i, instead: "desired" },
  { word: /\b(hears?|heard)\b/i, instead: "observe" },
  { word: /\banew\b/i, instead: "again" },
  { word: /\bmend(s|ed|ing)?\b/i, instead: "fix" },
  { word: /\bto and fro\b/i, instead: "back and forth" },
  { word: /\bfarewells?\b/i, instead: "interrupt notice" },
  { word: /\bfore(see|sees|saw|seen|seeing)\b/i, instead: "preview, estimate" },
  { word: /\b(foret(ell|ells|old|elling)|forecasts?|prospects?)\b/i, instead: "estimate, predict" },
  { word: /\b(strikes?|striking|struck)\b/i, instead: "inject" },
  { word: /\bheal(s|ed|ing)?\b/i, instead: "recover" },
  { word: /\bmishaps?\b/i, instead: "fault" },
  { word: /\bscenes?\b/i, instead: "fixture" },
  { word: /\bfindings?\b/i, instead: "problem, blocker or warning" },
  { word: /\bunder way\b/i, instead: "in progress" },
  { word: /\bforet(ell|ells|old|elling)\b/i, instead: "preview, estimate" },
  { word: /\bwhoever\b/i, instead: "who it is" },
  { word: /\bways? out\b/i, instead: "remedy" },
  { word: /\bin (the|its|their) way\b/i, instead: "blocker" },
  { word: /\bsought\b/i, instead: "query, desired" },
  { word: /\bdeeds?\b/i, instead: "command" },
  { word: /\bcure[sd]?\b/i, instead: "remedy" },
  { word: /\bVMs? of the name\b/i, instead: "with the same name" },
  {
    word: /\b(empty|lost|other|the|its|one|a|no) half\b|\bhalf (lost|source)\b|\b(both|two) halves\b/i,
    instead: "source or destination of the post-copy, peer lost",
  },
  {
    // As a noun of a sentence: QEMU's machine types are properties, attributes and options of that name.
    word: /\b(a|an|another|any|each|every|its|of|one|other|same|the|that|this|which|whose) machines?\b/i,
    instead: "VM, host or this computer",
    allowed: /\bmachine[- ]types?\b|\bthe machine '/gi,
  },
];

/** The words of the glossary that a text should not use, line by line. */
export function bannedWords(path: string, text: string): string[] {
  return text.split("\n").flatMap((line, index) => {
    const words = line.replace(/([a-z])([A-Z])/g, (_, end: string, start: string) => `${end} ${start.toLowerCase()}`);
    return banned
      .flatMap(({ word, instead, allowed }) => {
        const found = word.exec(allowed ? words.replace(allowed, "") : words);
        return found ? [`${path}:${index + 1}: "${found[0]}": write ${instead}`] : [];
      })
      .concat(
        bannedNames.flatMap(({ word, instead }) => {
          const found = word.exec(line);
          return found ? [`${path}:${index + 1}: "${found[0]}": write ${instead}`] : [];
        }),
      );
  });
}
