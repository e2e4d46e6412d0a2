/** The text of a placements file as a tree of nodes with their places. JSON is read too: it is YAML. */
import { type Document, LineCounter, type Node, parseDocument, type YAMLError } from "yaml";
import type { Fault } from "./faults";

export interface Tree {
  root: Node | null;
  document: Document;
  /** Line and column, from 1. Nothing where the tree was made of values. */
  placeOf: (offset: number | undefined) => { line: number; column: number } | undefined;
  faults: Fault[];
}

/** The reader of YAML calls itself once for each level, and much deeper levels end the process. */
const deepest = 100;

export function readTree(text: string): Tree {
  const lineCounter = new LineCounter();
  const placeOf = (offset: number | undefined) => {
    if (offset === undefined) return undefined;
    const { line, col } = lineCounter.linePos(offset);
    return line === 0 ? undefined : { line, column: col };
  };
  const fault = (message: string, offset?: number): Fault => ({
    ...placeOf(offset),
    field: "",
    severity: "blocker",
    code: "invalidInput",
    message,
    remedies: [],
  });
  const unreadable = whyUnreadable(text);
  // Duplicate keys are found by the reader of the values, which names the first one too.
  const options = { lineCounter, uniqueKeys: false, prettyErrors: false, logLevel: "error" } as const;
  const document = parseDocument(unreadable === undefined ? text : "", options);
  const found = [...document.errors, ...document.warnings].map((error) => fault(described(error), error.pos[0]));
  // What follows on a line is said of what the first fault left.
  const faults = found.filter(({ line }, i) => found.findIndex((other) => other.line === line) === i);
  return {
    root: document.contents,
    document,
    placeOf,
    faults: unreadable === undefined ? faults : [fault(unreadable)],
  };
}

function whyUnreadable(text: string): string | undefined {
  if (/[\0\uFFFD]/.test(text)) return "is no text in UTF-8; save it as UTF-8";
  let [depth, most] = [0, 0];
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === "[" || character === "{") most = Math.max(most, ++depth);
    else if ((character === "]" || character === "}") && depth > 0) depth--;
  }
  return most > deepest ? `has more than ${deepest} brackets within each other` : undefined;
}

function described({ code, message }: YAMLError): string {
  switch (code) {
    case "TAB_AS_INDENT":
      return "a tab indents this line; use spaces";
    case "MULTIPLE_DOCS":
      return "a second document begins here (---); one file holds one document";
    case "TAG_RESOLVE_FAILED":
      return "tags (!…) are not read; write the value as it is";
    case "BLOCK_AS_IMPLICIT_KEY":
      return "two keys stand on one line; write the second on a line of its own, or put the text in quotes";
    default:
      return `cannot be read as YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
  }
}
