/** libvirt's XML as a plain tree: every element has attributes, text and children by name. */
import { SaxesParser } from "saxes";

export interface Element {
  attributes: Readonly<Record<string, string>>;
  text: string;
  children: Readonly<Record<string, Element[]>>;
}

interface Growing extends Element {
  attributes: Record<string, string>;
  children: Record<string, Element[]>;
}

const nothing: Element = { attributes: {}, text: "", children: {} };

/** The capabilities of the largest hosts have some 500 KB and 10 000 elements. */
const maxLength = 4 * 2 ** 20;
const maxElements = 200_000;
/** Nothing that is read here lies deeper than 8 levels. What does is not kept. */
const maxDepth = 32;

/**
 * The root element of that name; undefined where the text is no such document, not well-formed, cut off or too large: what cannot be
 * read is not known, which is not the same as empty. Never throws.
 *
 * <metadata> below the root, where other programs keep anything at all, is not looked into. libvirt prints no DOCTYPE, so one that
 * has any is not libvirt's.
 */
export function parseXml(text: string, root: string): Element | undefined {
  if (text.length > maxLength) return undefined;
  try {
    return read(text, root);
  } catch {
    return undefined;
  }
}

function read(text: string, root: string): Element | undefined {
  const top = element();
  const open: (Growing | undefined)[] = [top];
  let count = 0;
  const parser = new SaxesParser({ position: false });
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("doctype", () => {
    throw new Error("a DOCTYPE");
  });
  parser.on("opentag", ({ name, attributes }) => {
    if (++count > maxElements) throw new Error("too many elements");
    const parent = open.at(-1);
    const skipped = parent === undefined || open.length > maxDepth || (open.length === 2 && name === "metadata");
    if (skipped) return void open.push(undefined);
    const child = element();
    Object.assign(child.attributes, attributes);
    (parent.children[name] ??= []).push(child);
    open.push(child);
  });
  parser.on("text", (part) => {
    const at = open.at(-1);
    if (at !== undefined) at.text += part;
  });
  parser.on("cdata", (part) => {
    const at = open.at(-1);
    if (at !== undefined) at.text += part;
  });
  parser.on("closetag", () => {
    const closed = open.pop();
    if (closed !== undefined) closed.text = closed.text.trim();
  });
  parser.write(text.trim()).close();
  return top.children[root]?.[0];
}

/** Names come from a host: without a prototype none of them ("constructor", "__proto__") means anything. */
function element(): Growing {
  const attributes = Object.create(null) as Growing["attributes"];
  const children = Object.create(null) as Growing["children"];
  return { attributes, text: "", children };
}

/** The first child at the end of a path; an empty element where there is none. */
export function first(from: Element, ...path: string[]): Element {
  return path.reduce((at, name) => at.children[name]?.[0] ?? nothing, from);
}

export function all(from: Element, ...path: string[]): Element[] {
  const [last, ...way] = path.toReversed();
  return first(from, ...way.toReversed()).children[last!] ?? [];
}

export function has(from: Element, ...path: string[]): boolean {
  return all(from, ...path).length > 0;
}

/** The element as a document. Children of one name keep their order, which is all that libvirt minds. */
export function showXml(name: string, { attributes, text, children }: Element): string {
  const head = [name, ...Object.entries(attributes).map(([key, value]) => `${key}='${escaped(value)}'`)].join(" ");
  const inner = Object.entries(children).flatMap(([child, each]) => each.map((one) => showXml(child, one)));
  return text === "" && inner.length === 0 ? `<${head}/>` : `<${head}>${escaped(text)}${inner.join("")}</${name}>`;
}

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&apos;" };

export function escaped(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[&<>'\u0000-\u001F]/g, (character) => entities[character] ?? `&#${character.charCodeAt(0)};`);
}
