/** Numbers as hosts write them. What no number can be is not known: it never becomes NaN, Infinity or less than nothing. */

/** A whole number from 0 to `most`, by default the largest that is exact; undefined for anything else. */
export function wholeNumber(text: string | undefined, most = Number.MAX_SAFE_INTEGER): number | undefined {
  if (text === undefined || !/^\d{1,20}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= most ? value : undefined;
}
