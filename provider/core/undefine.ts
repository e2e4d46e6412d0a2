import { domainWord } from "./shownCommand";

/** The one way in which texts and commands remove a definition: it never takes with it what may be the only copy of the VM's state. */

/** What a host says of the definition it has. */
export interface Owns {
  nvram: boolean;
  tpm: boolean;
  /** virsh there has `undefine --keep-tpm` (libvirt 8.9). */
  keepTpm: boolean;
}

/** With the backticks, as `shownCommand`. */
export function undefineCommand(...of: Parameters<typeof undefineLine>): string {
  return `\`${undefineLine(...of)}\``;
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

/** What has to come before it where virsh is too old to keep a vTPM's state; empty where nothing has to. */
export function beforeUndefine({ uuid, owns }: { uuid: string; owns?: Owns }): string {
  if (!owns?.tpm || owns.keepTpm) return "";
  const directory = `/var/lib/libvirt/swtpm/${uuid}`;
  return `first \`cp -a ${directory} ${directory}.kept\`, since this virsh deletes the vTPM state with the definition, then `;
}
