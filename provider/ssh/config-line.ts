/** One line of ssh_config that sets something. */
export interface ConfigLine {
  /** In lower case, by its present name. */
  keyword: string;
  values: string[];
}

/** Older names, and the name that RHEL gave RequiredRSASize before OpenSSH had it. */
const presentNames: Record<string, string> = {
  identityfile2: "identityfile",
  pubkeyacceptedkeytypes: "pubkeyacceptedalgorithms",
  rsaminsize: "requiredrsasize",
};

/** ssh takes the rest of the line as it stands: quotes and `#` belong to the command. */
const commands = new Set(["proxycommand", "knownhostscommand", "localcommand", "remotecommand"]);

/**
 * A line as OpenSSH splits it (readconf.c, argv_split). Undefined: empty or a comment. A text: why ssh takes no such line.
 *
 * @example
 * HostName = "a b" # c       one value: a b
 * ProxyCommand nc "%h" %p    one value, with its quotes
 */
export function readLine(text: string): ConfigLine | string | undefined {
  const line = text.replace(/^[ \t\r]+/, "").trimEnd();
  const name = /^[^ \t\r"=]+/.exec(line)?.[0];
  if (name === undefined) return line === "" ? undefined : "it does not begin with a keyword";
  if (name.startsWith("#")) return undefined;
  const rest = line.slice(name.length).replace(/^[ \t\r]*=?[ \t\r]*/, "");
  if (rest === "") return `${name} has no value`;
  const written = name.toLowerCase();
  const keyword = presentNames[written] ?? written;
  const values = wordsOf(rest);
  if (values === undefined) return `${name} has a quote that does not end`;
  if (commands.has(keyword)) return { keyword, values: [rest.replace(/^[ \t\r=]+/, "")] };
  if (keyword === "proxyjump") return { keyword, values: [jumpOf(rest.replace(/^[ \t\r=]+/, ""))] };
  return { keyword, values };
}

/** Measured with OpenSSH 9.2: the first word counts, and "none" with anything behind it, a comment too, is a host of this name. */
function jumpOf(rest: string): string {
  // ssh hands it to a shell, which takes the quotes away.
  const first = rest.split(/[ \t\r#]/, 1)[0]!.replace(/"/g, "");
  return first !== rest && first.toLowerCase() === "none" ? `ssh://${first}` : first;
}

/** Undefined: a quote does not end. */
function wordsOf(text: string): string[] | undefined {
  const words: string[] = [];
  for (let at = 0; at < text.length; at++) {
    if (/[ \t]/.test(text[at]!)) continue;
    if (text[at] === "#") break;
    const { word, end } = wordAt(text, at);
    if (word === undefined) return undefined;
    words.push(word);
    at = end;
  }
  return words;
}

function wordAt(text: string, start: number): { word: string | undefined; end: number } {
  let word = "";
  let quote = "";
  let at = start;
  for (; at < text.length; at++) {
    const letter = text[at]!;
    const next = text[at + 1] ?? "";
    const escapes = letter === "\\" && next !== "" && (`'"\\`.includes(next) || (quote === "" && next === " "));
    if (escapes) word += text[++at]!;
    else if (quote === "" && (letter === " " || letter === "\t")) break;
    else if (quote === "" && (letter === '"' || letter === "'")) quote = letter;
    else if (letter === quote) quote = "";
    else word += letter;
  }
  return { word: quote === "" ? word : undefined, end: at };
}
