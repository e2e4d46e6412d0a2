/** A refresh: where the VM is now, as properties and as the inputs that the next preview compares the program with. */
import type * as pulumi from "@pulumi/pulumi";
import { cleanLine } from "../core/clean";
import type { DomainView } from "../core/domain";
import type { Progress } from "../core/ports";
import { unfinished } from "../core/unfinished";
import { observe } from "../observe/observe";
import { locate } from "../observe/refresh";
import { declaredHost, type Drift, type ParsedInputs, parseInputs, withoutUndefined } from "../schema";
import { planOf } from "./inputs";
import { driftFoundIn, notMovedBack } from "./drift";
import { type Settings, usable } from "./settings";
import type { Props } from "./state";

/** Everything that a refresh returns as inputs stands in these; the rest of the properties are outputs. */
const inputNames = ["domain", "host", "migration", "onDrift", "limits", "inventory", "plan", "__urn"];

/** @throws PlacementError where no answer, or none that is clear, tells where the VM is: it is never called gone. */
export async function readPlacement(
  settings: Settings,
  id: string,
  props: Props,
  progress: Progress,
): Promise<pulumi.dynamic.ReadResult> {
  const { hosts } = usable(settings);
  const declared = declaredHost(props);
  // Without its options: a VM that is where it belongs needs none of them.
  const { inputs } = parseInputs({ ...props, host: declared, migration: undefined });
  const { domain = id, hosts: desired = [] } = inputs;
  const recorded = props.currentHost as string | undefined;
  const last = recorded === undefined ? undefined : hosts.spelledAs(recorded, desired);
  const first = [...new Set([...(last === undefined ? [] : [last]), ...desired])].filter(
    (name) => hosts.names.length === 0 || hosts.names.includes(name),
  );
  const wasIncomplete = props.__incomplete === true;
  const query = { domain, uuid: id, first, everywhere: wasIncomplete, lastHost: last };
  const observed = await observe(hosts, query, true);
  const view = locate(id, domain, observed);
  const left = unfinished(observed.views.filter(({ uuid }) => uuid === id));
  const drift = desired.includes(view.host) ? undefined : driftFoundIn(props, view);
  if (drift && inputs.onDrift !== "moveBack") progress.info(notMovedBack(view, inputs.onDrift));
  if (left !== undefined) progress.info(`${left}; the next \`pulumi up\` sees to it`);
  // What a host keeps that cannot be asked now is not known to be gone.
  const isIncomplete = left !== undefined || (wasIncomplete && observed.unreachable.length > 0);
  return readResult(settings, { id, props, inputs: { ...inputs, domain, hosts: desired }, view, drift, isIncomplete });
}

function readResult(
  settings: Settings,
  found: {
    id: string;
    props: Props;
    inputs: ParsedInputs & { hosts: readonly string[] };
    view: DomainView;
    drift: Drift | undefined;
    isIncomplete: boolean;
  },
): pulumi.dynamic.ReadResult {
  const { id, props, inputs, view, drift, isIncomplete } = found;
  const moved = !inputs.hosts.includes(view.host);
  // A move that `up` has not made is no drift: it is still to be made.
  const isAdopted = drift !== undefined && inputs.onDrift === "adopt";
  const shown = moved && !isAdopted;
  // The name found is what the next preview compares the program with: it then shows `host: "kvm-a" => "kvm-b"`.
  const host = shown ? view.host : declaredHost(props);
  // So does the plan: else the command that would bring it back would not show as a change.
  const { __incomplete: _, __drift: before, ...kept } = props;
  const placed = shown ? { ...inputs, hosts: [view.host], anyOf: false } : inputs;
  const migration = shown || before !== undefined ? parseInputs(props).inputs.migration : undefined;
  const plan = migration ? planOf(settings, { ...placed, migration }) : props.plan;
  const inputsNow = Object.fromEntries(inputNames.filter((name) => name in props).map((name) => [name, props[name]]));
  return {
    id,
    props: withoutUndefined({
      ...kept,
      host,
      plan,
      currentHost: view.host,
      state: view.state,
      __name: cleanLine(view.name),
      ...(isIncomplete && { __incomplete: true }),
      ...(drift && { __drift: drift }),
    }),
    inputs: withoutUndefined({ ...inputsNow, host, plan }),
  };
}
