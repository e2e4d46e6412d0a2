import type { Command } from "./problem";
import { domainWord } from "./shownCommand";

/** The one way in which texts and commands remove a definition: it never takes with it what may be the only copy of the VM's state. */

/** What a host says of the definition it has. */
export interface Owns {
  nvram: boolean;
  tpm: boolean;
  /** virsh there has `undefine --keep-tpm` (libvirt 8.9). */
  keepTpm: boolean;
}

/**
 * As `commandLine`.
 *
 * @param owns undefined: not asked for, as of another VM.
 * @param flags further ones, which say what else goes.
 */
export function undefineLine(
  domain: { name: string; uuid: string },
  owns: Owns | undefined,
  flags: readonly string[] = [],
): string {
  return ["virsh undefine", ...flags, ...keepFlags(owns), domainWord(domain)].join(" ");
}

function keepFlags(owns: Owns | undefined): string[] {
  return owns?.tpm && owns.keepTpm ? ["--keep-nvram", "--keep-tpm"] : ["--keep-nvram"];
}

/** The whole of it on one host, for a `Remedy`: where virsh is too old to keep a vTPM's state, that is copied first. */
export function undefineCommands(
  view: { host: string; name: string; uuid: string; owns?: Owns },
  flags: readonly string[] = [],
): Command[] {
  const { host, uuid, owns } = view;
  const directory = `/var/lib/libvirt/swtpm/${uuid}`;
  return [
    ...(deletesTpm(view) ? [{ host, command: `cp -a ${directory} ${directory}.kept` }] : []),
    { host, command: undefineLine(view, owns, flags) },
  ];
}

/** True where virsh deletes the vTPM state with the definition. */
export function deletesTpm({ owns }: { owns?: Owns }): boolean {
  return owns?.tpm === true && !owns.keepTpm;
}
