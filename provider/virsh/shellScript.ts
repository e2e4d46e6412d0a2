/**
 * The one way for a value into a script that a host's shell runs.
 *
 * @example
 * sh`test -e ${path}`                     // test -e '/srv/web server.img'
 * sh`virsh -q domcapabilities ${[sh`--arch=${arch}`, sh`--machine=${machine}`]}`
 *
 * Each value is quoted for a POSIX shell: a string is one word, a list as many words as it has members. A number, and another
 * script, stand as they are. Scripts run by `runScript` (runScript.ts) or by `Virsh.inquireShell`, which take nothing else.
 */
import { PlacementError } from "../core/errors";
import { quote } from "../core/quote";

type ShellValue = string | number | ShellScript;

export class ShellScript {
  /** By `sh` and `plannedCommand` only: the type cannot be had from a plain string. */
  private constructor(readonly text: string) {}

  static fromTemplate(literals: TemplateStringsArray, values: readonly (ShellValue | readonly ShellValue[])[]) {
    const text = (value: ShellValue) =>
      value instanceof ShellScript ? value.text : typeof value === "number" ? String(value) : shellWord(value);
    const words = values.map((value) => (Array.isArray(value) ? value.map(text).join(" ") : text(value as ShellValue)));
    return new ShellScript(literals.map((literal, index) => literal + (words[index] ?? "")).join(""));
  }

  /** @see plannedCommand */
  static fromPlan(command: string): ShellScript {
    if (!isOneCommand(command))
      throw new TypeError(`not one virsh command with quoted words: ${JSON.stringify(command)}`);
    return new ShellScript(command);
  }

  toString(): string {
    return this.text;
  }
}

export function sh(literals: TemplateStringsArray, ...values: (ShellValue | readonly ShellValue[])[]): ShellScript {
  return ShellScript.fromTemplate(literals, values);
}

/**
 * A command of the plan, which runs word for word as the preview showed it.
 *
 * @throws TypeError where it is anything but one virsh command whose words are quoted as `quote` does it.
 */
export function plannedCommand(command: string): ShellScript {
  return ShellScript.fromPlan(command);
}

/** Words of plain characters, single quotes and `\'`, with single spaces between them. Linear: each character has one place. */
function isOneCommand(command: string): boolean {
  return (
    command.startsWith("virsh ") && !command.includes("\0") && /^(?:[A-Za-z0-9_@%+=:,./ -]|'[^']*'|\\')*$/.test(command)
  );
}

/** No process can be given NUL, and half of a surrogate pair would arrive as another character. */
function shellWord(word: string): string {
  if (/[\0\p{Cs}]/u.test(word)) {
    throw new PlacementError({
      code: "invalidInput",
      phase: "observe",
      action: `cannot pass ${JSON.stringify(word.slice(0, 80))} to a host`,
      message: "it contains a NUL character or half of a surrogate pair, which cannot be passed to a command",
      remedies: [{ do: "rename it" }],
    });
  }
  return quote(word);
}
