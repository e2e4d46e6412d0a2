/** Turns what is touched into cuts and insertions of the text, so that all the rest stays as it is, letter by letter. */
import { isMap, isScalar, type Node, type Pair } from "yaml";
import type { Value } from "./changes";
import { type Collection, contentEnd, type EditPlan, type Entries } from "./plan";
import { blockPair, flow, type Quotes, scalar, type Style } from "./write";

/** What stands from `from` up to `to` becomes `text`. */
export interface Splice {
  from: number;
  to: number;
  text: string;
  /** Of the level that lines are added to: where two end on one line, those of the inner one come first. */
  depth?: number;
}

/** Undefined where the text has a form in which nothing can be cut: the whole of it is written again then. */
export function splicesOf(text: string, { replaced, entries }: EditPlan, style: Style): Splice[] | undefined {
  try {
    return [
      ...[...replaced].map(([node, { value, path }]) => replacement(text, node, value, path, style)),
      ...[...entries].flatMap(([collection, edit]) =>
        collection.flow ? inFlow(text, collection, edit, style) : inBlock(text, collection, edit, style),
      ),
    ];
  } catch (error) {
    if (error instanceof Unusual) return undefined;
    throw error;
  }
}

export function spliced(text: string, splices: readonly Splice[]): string {
  const sorted = splices
    .map((splice, i) => ({ ...splice, i }))
    .sort((a, b) => a.from - b.from || a.to - b.to || (b.depth ?? 0) - (a.depth ?? 0) || a.i - b.i);
  let [result, at] = ["", 0];
  for (const { from, to, text: inserted } of sorted) {
    result += text.slice(at, Math.max(at, from)) + inserted;
    at = Math.max(at, to);
  }
  return result + text.slice(at);
}

class Unusual extends Error {}

function replacement(text: string, node: Node, value: Value, path: readonly string[], style: Style): Splice {
  const [from, to] = node.range!;
  if (from === to) {
    // Nothing stands behind the colon: a section takes lines of its own.
    const colon = text.lastIndexOf(":", from) + 1;
    const isJson = style.json || typeof value !== "object";
    const end = lineEnd(text, colon);
    if (isJson || path.length === 0) return { from: colon, to: colon, text: ` ${flow(value, style)}` };
    const indent = indentOf(text, colon) + " ".repeat(style.step);
    const lines = Object.entries(value).map(([key, each]) => blockPair([...path, key], each, indent, style));
    return { from: end, to: end, text: style.eol + lines.join(style.eol) };
  }
  if (!isScalar(node)) {
    if ((node as Collection).flow !== true || /#/.test(text.slice(from, to))) throw new Unusual();
    return { from, to, text: flow(value, style) };
  }
  const quotes: Quotes = node.type === "QUOTE_SINGLE" ? "single" : node.type === "QUOTE_DOUBLE" ? "double" : "none";
  return { from, to, text: typeof value === "object" ? flow(value, style) : scalar(value, style, quotes) };
}

interface Item {
  start: number;
  end: number;
}

function itemsOf(collection: Collection): Item[] {
  if (isMap(collection)) {
    return (collection.items as Pair<Node, Node | null>[]).map(({ key, value }) => ({
      start: key.range![0],
      end: contentEnd(value, key.range![1]),
    }));
  }
  return (collection.items as Node[]).map((item) => ({ start: item.range![0], end: contentEnd(item, item.range![1]) }));
}

function inFlow(text: string, collection: Collection, { removed, added }: Entries, style: Style): Splice[] {
  const items = itemsOf(collection);
  const written = [...added].map(([key, value]) =>
    isMap(collection) ? `${scalar(key, style)}: ${flow(value, style)}` : scalar(key, style),
  );
  if (items.length === removed.size) {
    const [open, close] = [collection.range![0] + 1, collection.range![1] - 1];
    const inside = isMap(collection) && written.length > 0 ? ` ${written.join(", ")} ` : written.join(", ");
    if (text.slice(open, close).includes("#")) throw new Unusual();
    return [{ from: open, to: close, text: inside }];
  }
  const cuts = items.flatMap(({ start, end }, i): Splice[] => {
    if (!removed.has(i)) return [];
    const hasKept = items.some((_, j) => j < i && !removed.has(j));
    if (!hasKept) return [{ from: start, to: items[i + 1]!.start, text: "" }];
    const before = items[i - 1]!.end;
    if (!text.slice(before, start).includes("#")) return [{ from: before, to: end, text: "" }];
    const comma = text.indexOf(",", before);
    return [
      { from: comma, to: comma + 1, text: "" },
      { from: start, to: end, text: "" },
    ];
  });
  if (written.length === 0) return cuts;
  const last = items[items.length - 1]!;
  const ownLine = /^[ \t]*$/.test(text.slice(lineStart(text, last.start), last.start));
  const between = ownLine ? `,${style.eol}${indentOf(text, last.start)}` : ", ";
  return [...cuts, { from: last.end, to: last.end, text: written.map((each) => between + each).join("") }];
}

function inBlock(text: string, collection: Collection, { removed, added, path }: Entries, style: Style): Splice[] {
  const items = itemsOf(collection);
  const starts = items.map(({ start }) => lineStart(text, start));
  const prefix = isMap(collection) ? /^[ ]*$/ : /^[ ]*- +$/;
  if (items.some(({ start }, i) => !prefix.test(text.slice(starts[i], start)))) throw new Unusual();
  if (items.length === removed.size && added.size === 0) throw new Unusual();
  const cuts = items.flatMap(({ end }, i) => (removed.has(i) ? [cutLines(text, starts[i]!, end)] : []));
  if (added.size === 0) return cuts;
  const indent = indentOf(text, items[0]!.start);
  const lines = [...added].map(([key, value]) =>
    isMap(collection) ? blockPair([...path, key], value, indent, style) : `${indent}- ${scalar(key, style)}`,
  );
  const end = lineEnd(text, items[items.length - 1]!.end);
  const isLast = end === text.length;
  const at = isLast ? end : end + eolAt(text, end);
  const insertion = isLast ? lines.map((line) => style.eol + line) : lines.map((line) => line + style.eol);
  return [...cuts, { from: at, to: at, text: insertion.join(""), depth: path.length }];
}

function cutLines(text: string, start: number, contentEnd: number): Splice {
  const end = lineEnd(text, contentEnd);
  if (end < text.length) return { from: start, to: end + eolAt(text, end), text: "" };
  const before = start === 0 ? 0 : text[start - 2] === "\r" ? 2 : 1;
  return { from: start - before, to: end, text: "" };
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf("\n", at - 1) + 1;
}

/** Before the line's end, "\r\n" or "\n". */
function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  if (end < 0) return text.length;
  return text[end - 1] === "\r" ? end - 1 : end;
}

function eolAt(text: string, end: number): number {
  return text[end] === "\r" ? 2 : 1;
}

function indentOf(text: string, at: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, at), at))![0];
}
