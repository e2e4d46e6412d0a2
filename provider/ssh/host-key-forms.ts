import type { Block } from "./config";
import { assembleAlgorithms } from "./host-key-algorithms";
import type { Obstacle } from "./obstacle";

/** How ssh would read it is not known here. */
export const hasQuotes = (value: string): boolean => /["'\\]/.test(value);

interface Form {
  keyword: string;
  isUnderstood: (values: readonly string[]) => boolean;
  pinHelps: boolean;
}

const alone = (understood: (value: string) => boolean) => (values: readonly string[]) =>
  values.length === 1 && understood(values[0]!);

const listForm = (values: readonly string[]) =>
  values.length === 1 || !values.some((value) => value.toLowerCase() === "none");

/** The values that ssh takes, less those of which it is not known here how ssh would read them. */
const forms: readonly Form[] = [
  {
    keyword: "HostKeyAlgorithms",
    isUnderstood: alone((value) => !hasQuotes(value) && assembleAlgorithms(value) !== undefined),
    pinHelps: false,
  },
  { keyword: "RequiredRSASize", isUnderstood: alone((value) => /^\d{1,9}$/.test(value)), pinHelps: false },
  { keyword: "RevokedHostKeys", isUnderstood: alone((value) => value !== "" && !hasQuotes(value)), pinHelps: false },
  {
    keyword: "HostKeyAlias",
    isUnderstood: alone((value) => value !== "" && !hasQuotes(value) && !/\s/.test(value)),
    pinHelps: true,
  },
  { keyword: "CheckHostIP", isUnderstood: alone((value) => /^(yes|true|no|false)$/i.test(value)), pinHelps: true },
  { keyword: "UserKnownHostsFile", isUnderstood: listForm, pinHelps: true },
  { keyword: "GlobalKnownHostsFile", isUnderstood: listForm, pinHelps: true },
];

/** ssh does not start where one of the values is wrong, be it in the block of another host. */
export function wrongForms(blocks: readonly Block[]): Obstacle[] {
  return forms.flatMap(({ keyword, isUnderstood, pinHelps }) => {
    const wrong = everyValueOf(blocks, keyword.toLowerCase()).find((each) => !isUnderstood(each));
    if (wrong === undefined) return [];
    const fault = {
      message: `ssh_config has ${keyword} ${shortened(wrong.join(" "))}, which is not understood`,
      remedies: [{ do: `fix ${keyword}: the manual has its values`, commands: [{ command: "man ssh_config" }] }],
    };
    return { fault, pinHelps };
  });
}

function everyValueOf(blocks: readonly Block[], keyword: string): (readonly string[])[] {
  return blocks.flatMap(({ entries }) =>
    entries.flatMap((entry) =>
      "include" in entry ? everyValueOf(entry.include, keyword) : entry.keyword === keyword ? [entry.values] : [],
    ),
  );
}

const shortened = (text: string) => (text.length > 100 ? `${text.slice(0, 100)}…` : text);
