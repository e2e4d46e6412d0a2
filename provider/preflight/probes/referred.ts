import type { MoveFacts } from "../../core/problems";
import type { Virsh } from "../../virsh/client";
import type { DomainDefinition } from "../../virsh/domainXml";
import { parseSecrets, parseUuidTable } from "../../virsh/referred";
import { command } from "../../virsh/virshCommand";

/** The secrets of a host, without their values. Undefined also where the daemon that keeps them does not answer. Asked each time. */
export async function secretsOn(virsh: Virsh) {
  const text = await virsh.inquire(command`secret-list`);
  return text === undefined ? undefined : parseSecrets(text);
}

/** Secrets and network filters of the destination, where the VM needs some. A name that virsh shows in another way is not looked for. */
export async function referredOn(
  virsh: Virsh,
  domain: DomainDefinition | undefined,
): Promise<Pick<MoveFacts, "destinationSecrets" | "destinationFilters">> {
  const { secrets = [], filters = [] } = domain ?? {};
  const plain = (names: readonly string[]) => names.every((name) => /^[!-~](?:[ -~]*[!-~])?$/.test(name));
  const [destinationSecrets, rows] = await Promise.all([
    secrets.length > 0 && plain(secrets.flatMap((each) => ("usage" in each ? each.usage : [])))
      ? secretsOn(virsh)
      : undefined,
    filters.length > 0 && plain(filters) ? virsh.inquire(command`nwfilter-list`) : undefined,
  ]);
  return {
    destinationSecrets,
    destinationFilters: rows === undefined ? undefined : parseUuidTable(rows)?.map(({ text }) => text),
  };
}
