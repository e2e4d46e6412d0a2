/** One word of an ssh option's value: in quotes, with ssh's own escapes, and no percent token in it. */
export function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&").replace(/%/g, "%%")}"`;
}
