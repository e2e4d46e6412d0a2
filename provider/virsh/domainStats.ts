type StatsFields = ReadonlyMap<string, string>;

/**
 * `domstats`: the fields of each domain, by its name. What stands there twice is left out: a name with a line break in it can feign another
 * domain's answer.
 */
export function parseDomainStats(text: string): Map<string, StatsFields> {
  const found = new Map<string, StatsFields>();
  const twice = new Set<string>();
  for (const part of text.split(/^Domain: /m).slice(1)) {
    const [title = "", ...lines] = part.split("\n");
    if (!title.startsWith("'")) continue;
    const name = title.slice(1, title.lastIndexOf("'"));
    if (found.has(name)) twice.add(name);
    const fields = lines.map((line): [string, string] => [
      line.slice(0, line.indexOf("=")).trim(),
      line.slice(line.indexOf("=") + 1).trim(),
    ]);
    found.set(name, new Map(fields));
  }
  for (const name of twice) found.delete(name);
  return found;
}
