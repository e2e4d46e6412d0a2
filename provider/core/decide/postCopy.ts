import { type DomainView, showState } from "../domain";
import {
  hasArrived,
  isActive,
  isInterrupted,
  isPostCopyDestination,
  isPostCopySource,
  isPreparedToReceive,
} from "../situation";
import { type Past, pastOn, tookPart } from "./past";
import { peerLost } from "./peerLost";
import { destroy, refuse, runAgain, severalCopies } from "./refusal";
import type { Decision, Observed, Refusal } from "./types";

/** The source stands still for good, the VM runs on the destination, and a part of its memory is still on the source. */
export function afterTheSwitch(
  name: string,
  views: readonly DomainView[],
  sides: readonly DomainView[],
  observed: Observed,
): Decision {
  const sources = sides.filter(isPostCopySource);
  // Right after the switch the destination still waits for the devices' state: over a slow link for seconds.
  const switched = sources.some((side) => !isInterrupted(side));
  const aboutToRun = switched ? views.filter((view) => isPreparedToReceive(view) && !sides.includes(view)) : [];
  const destinations = [...sides.filter(isPostCopyDestination), ...aboutToRun];
  const bystanders = views.filter((view) => isActive(view) && !sides.includes(view) && !aboutToRun.includes(view));
  const [source] = sources;
  const [destination] = destinations;
  const [bystander] = bystanders;
  if (source && destination === undefined && bystander && sources.length === 1 && bystanders.length === 1) {
    const refusal = handsOver(name, source, bystander, observed.past);
    if (refusal) return refusal;
  }
  const held = sources.length + destinations.length + bystanders.length;
  if (sources.length > 1 || destinations.length > 1 || bystanders.length > 0) {
    return severalCopies(name, views, held === 2);
  }
  if (source && destination) return bothSides(source, destination, sides.some(isInterrupted));
  return peerLost(name, sides[0]!, views, observed.unreachable, observed.past);
}

function bothSides(source: DomainView, destination: DomainView, interrupted: boolean): Decision {
  const ends = { view: source, to: destination.host };
  const way = `from ${source.host} to ${destination.host}`;
  return interrupted
    ? { action: "resume", ...ends, reason: `the post-copy migration of ${source.name} ${way} was interrupted` }
    : { action: "attach", ...ends, reason: `a post-copy migration ${way} is in progress` };
}

/** The last moments of a post-copy that libvirt on the source has given up, and QEMU has not. */
export function handsOver(
  name: string,
  source: DomainView,
  other: DomainView,
  pasts?: readonly Past[],
): Refusal | undefined {
  const arrived = hasArrived(other);
  if (!arrived && !isPreparedToReceive(other)) return undefined;
  const refusal = refuse({
    code: "migrationRunning",
    host: source.host,
    message:
      `${name} ${arrived ? "has arrived" : "is about to run"} on ${other.host} (${showState(other)}), ` +
      `but libvirt on ${source.host} (${showState(source)}) has not noticed yet`,
    ...(arrived ? afterArrival(name, source, other) : beforeArrival),
    passes: true,
  });
  const proven = arrived && isInterrupted(source) && source.persistent && sameMigration(source, other, pasts);
  if (!proven) return refusal;
  return {
    ...refusal,
    otherwise: {
      action: "finish",
      view: other,
      leftovers: [source],
      reason: `${name} runs on ${other.host} with all of its memory; libvirt on ${source.host} still has the source of its post-copy migration (${showState(source)}), which is no longer needed`,
    },
  };
}

const beforeArrival = {
  remedies: [{ do: "run `pulumi up` again in a minute" }],
  caution: "Do not destroy the VM on either host before then",
};

function afterArrival(name: string, source: DomainView, destination: DomainView) {
  return {
    remedies: [
      { do: `run \`pulumi up\` again: libvirt on ${source.host} normally cleans up by itself` },
      {
        do: `if it does not, destroy what is left on ${source.host} (nothing is lost)`,
        commands: [destroy(source), runAgain],
      },
    ],
    caution: `Do not destroy ${name} on ${destination.host}: its memory would be lost`,
  };
}

/** True if the VM arrived there by the migration whose source is still there, by the logs of both hosts. */
function sameMigration(source: DomainView, destination: DomainView, pasts: readonly Past[] | undefined): boolean {
  const [sent, received] = [pastOn(source.host, pasts), pastOn(destination.host, pasts)];
  return sent?.last?.what === "sent" && received !== undefined && tookPart(received, "received", sent.last.agoMs);
}
