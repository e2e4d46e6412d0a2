/** What the program asks for, read with the inventory at hand. */
import type { Plan } from "../core/args";
import { type InputFailure, type ParsedInputs, parseInputs, sameHostTwice, unknownHosts } from "../schema";
import { makePlan } from "../virsh/migrateCommand";
import type { Settings } from "./settings";
import type { Props } from "./state";

/** The inputs, and all that is wrong with them and with the configuration. */
export function readInputs(settings: Settings, news: Props): { inputs: ParsedInputs; failures: InputFailure[] } {
  const { inputs, failures } = parseInputs(news);
  // With an inventory that cannot be read nobody knows which names are right.
  const hosts = settings.failures.length > 0 ? [] : (inputs.hosts ?? []);
  const unknown = unknownHosts(hosts, settings.inventory, () => settings.sshHosts(), news["inventory"] !== undefined);
  const twice = settings.failures.length > 0 ? [] : sameHostTwice(hosts, settings.inventory);
  return { inputs, failures: [...settings.failures, ...failures, ...unknown, ...twice] };
}

/** Of inputs that are known: made of them and of the inventory alone. */
export function planOf({ inventory, uri }: Settings, inputs: ParsedInputs): Plan {
  const { domain, hosts, anyOf, migration } = inputs;
  return makePlan({ domain: domain!, hosts: hosts!, anyOf, options: migration!, inventory, uri });
}
