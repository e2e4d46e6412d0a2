import type { Hosts } from "../../observe/hosts";
import type { Virsh } from "../../virsh/client";
import type { VirshCommand } from "../../virsh/virshCommand";

/** One question to virsh on a host, whose answer serves for `validMs`. Undefined where none came that `read` makes something of: asked again then. */
export function ask<T>(
  hosts: Hosts,
  virsh: Virsh,
  question: VirshCommand,
  validMs: number,
  read: (text: string) => T | undefined,
): Promise<T | undefined> {
  const work = async () => {
    const text = await virsh.inquire(question);
    return text === undefined ? undefined : read(text);
  };
  return hosts.remember(`${virsh.host}: ${question.text}`, validMs, work, (answer) => answer !== undefined);
}
