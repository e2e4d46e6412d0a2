/**
 * The one way for a value into a virsh command.
 *
 * @example
 * await virsh.inquire(command`pool-dumpxml --pool=${pool}`);
 * await virsh.inquire(command`domstate --reason ${uuid}`);
 *
 * Each value is quoted. One that is no UUID or number has to follow an `=`, so that a name such as "--help" is no option.
 *
 * virsh reads its session through readline: each control character acts as a key, even inside of quotes, and in some locales each
 * byte of other than ASCII text too. Only a command of printable ASCII has a `line` for a session; the others run as a process of their
 * own with quoted arguments (`Virsh.ask` and `Virsh.inquire` choose).
 */
import { quote } from "../core/quote";
import { sh, ShellScript } from "./shellScript";

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

type VirshValue = string | number | readonly string[];

/** A command for a virsh session: one line of printable ASCII. */
export class VirshLine {
  private constructor(readonly text: string) {}

  /** Undefined where virsh's session would not read the text as it is. */
  static of(command: VirshCommand): VirshLine | undefined {
    return /^[ -~]+$/.test(command.text) ? new VirshLine(command.text) : undefined;
  }

  toString(): string {
    return this.text;
  }
}

export class VirshCommand {
  private constructor(
    /** Without "virsh", quoted. */
    readonly text: string,
    /** For a process of its own. */
    readonly script: ShellScript,
  ) {}

  static fromTemplate(literals: TemplateStringsArray, values: readonly VirshValue[]): VirshCommand {
    values.forEach((value, index) => {
      const isSafe = [value].flat().every((word) => typeof word === "number" || uuid.test(word));
      if (!isSafe && !literals[index]!.endsWith("="))
        throw new TypeError(`write --option=\${…} behind ${literals[index]!}`);
    });
    const words = values.map((value) =>
      [value]
        .flat()
        .map((word) => quote(String(word)))
        .join(" "),
    );
    const text = literals.map((literal, index) => literal + (words[index] ?? "")).join("");
    const script = sh`virsh -q ${ShellScript.fromTemplate(literals, values)}`;
    return new VirshCommand(text, script);
  }

  get line(): VirshLine | undefined {
    return VirshLine.of(this);
  }

  toString(): string {
    return this.text;
  }
}

export function command(literals: TemplateStringsArray, ...values: VirshValue[]): VirshCommand {
  return VirshCommand.fromTemplate(literals, values);
}
