import type { Host, Inventory } from "../core/model";
import type { Remedy } from "../core/problem";
import type { Block } from "./config";
import { type Destination, parseDestination } from "../core/destination";
import { failure } from "./failure";
import type { Surroundings } from "./surroundings";
import { resolveTarget, type Target } from "./target";

/** No chain of jump hosts that somebody means is as long; one that makes a new name of each name never ends. */
const mostHops = 16;

const reachOneDirectly: Remedy = {
  do: 'set proxyJump: "none" (in ssh_config: ProxyJump none) on the one that is reached directly',
};

/**
 * The connections to make, in order; the host itself is the last. As in ssh, the first hop of a chain is reached by its own
 * ProxyJump, and the later ones by the hop before them.
 *
 * @example
 * proxyJump "bastion,inner" of kvm-a, and bastion has ProxyJump gate: gate → bastion → inner → kvm-a
 */
export function routeTo(host: Host, inventory: Inventory, blocks: readonly Block[], around: Surroundings): Target[] {
  const subject = { host: host.name };

  const waysTo = (target: Target, name: string, passed: readonly string[]): Target[] => {
    if (target.proxyJump === undefined) return [target];
    const seen = [...passed, name];
    const texts = target.proxyJump.split(",");
    if (seen.length + texts.length - 1 > mostHops) {
      const chain = [...seen, texts[0]!.trim()].map((each) => shortened(each, 40));
      throw failure(subject, "invalidInput", {
        phase: "configure",
        message: `its jump hosts are more than ${mostHops}: ${shortened(chain.slice(0, 4).join(" → "), 200)} → …`,
        remedies: [reachOneDirectly, { do: "make the chain shorter" }],
      });
    }
    const hops = texts.map((text, index): Target[] => {
      const destination = parseDestination(text);
      if (!destination) {
        throw failure(subject, "invalidInput", {
          phase: "configure",
          message: `the proxyJump of ${name} has ${JSON.stringify(shortened(text.trim(), 100))}, which is no jump host`,
          remedies: [{ do: "write [user@]host[:port], several separated by commas, IPv6 in brackets" }],
        });
      }
      const hop = destination.host;
      const isLast = index === texts.length - 1;
      if (seen.includes(hop) || (isLast && inventory?.[hop] === undefined && isItself(target, destination))) {
        throw failure(subject, "invalidInput", {
          phase: "configure",
          message: `its jump hosts go round in a circle: ${[...seen, hop].join(" → ")}`,
          remedies: [reachOneDirectly],
        });
      }
      const entry = inventory?.[hop] ?? { name: hop };
      const resolved = resolveTarget(entry, { ...subject, hop }, blocks, around, destination);
      return index === 0 ? waysTo(resolved, hop, seen) : [resolved];
    });
    const via = hops.flat();
    return [...via, { ...target, via }];
  };

  return waysTo(resolveTarget(host, subject, blocks, around), host.name, []);
}

/** As ssh compares them: by the address, before the jump host's own configuration is read. */
function isItself(target: Target, { host, port = 22, user = target.user }: Destination): boolean {
  return host === target.address && port === target.port && user === target.user;
}

const shortened = (text: string, most: number) => (text.length > most ? `${text.slice(0, most)}…` : text);
