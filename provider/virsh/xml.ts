/** libvirt's XML as a plain tree: every element has attributes, text and children by name. */
import { XMLParser } from "fast-xml-parser";

export interface Element {
  attributes: Record<string, string>;
  text: string;
  children: Record<string, Element[]>;
}

const nothing: Element = { attributes: {}, text: "", children: {} };

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  attributesGroupName: ":attributes",
  textNodeName: ":text",
  alwaysCreateTextNode: true,
  parseTagValue: false,
  parseAttributeValue: false,
  isArray: (_name, _path, _isLeaf, isAttribute) => !isAttribute,
});

/** The root element of that name; an empty one where the text is no such document. Never throws. */
export function parseXml(text: string, root: string): Element {
  let document: unknown;
  try {
    document = parser.parse(text);
  } catch {
    return nothing;
  }
  return first(element(document), root);
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

function element(value: unknown): Element {
  if (typeof value !== "object" || value === null) return nothing;
  const attributes: Record<string, string> = {};
  const children: Record<string, Element[]> = {};
  let text = "";
  for (const [name, content] of Object.entries(value)) {
    if (name === ":text") text = String(content).trim();
    else if (name === ":attributes") Object.assign(attributes, content);
    else if (Array.isArray(content)) children[name] = content.map(element);
  }
  return { attributes, text, children };
}
