import type { Props } from "./state";

/** What Pulumi does with a resource at the moment. "either": a program of an older version does not say which. */
type Phase = "preview" | "update" | "refresh" | "either";

/** What the handlers ask of it. */
export type PhasesKnown = Pick<Phases, "checked" | "read" | "isPreview" | "isUpdate">;

/**
 * Knows of each resource whether this is a preview, an update or a refresh, which Pulumi tells no handler. The program tells `check` whether
 * it runs for a preview; a refresh is known by its `read`, before which there need not be a check. A diff follows either, so the last one
 * of the two counts.
 */
export class Phases {
  private readonly phases = new Map<unknown, Phase>();

  /** The inputs without what only this process is to know: it would be a change of the resource, and a deviation from a saved plan. */
  checked({ __dryRun: isPreview, ...inputs }: Props): Props {
    this.phases.set(inputs.__urn, isPreview === undefined ? "either" : isPreview === true ? "preview" : "update");
    return inputs;
  }

  read(props: Props): void {
    this.phases.set(props.__urn, "refresh");
  }

  /** Whether an update follows, for all that is known. */
  isUpdate(inputs: Props): boolean {
    return this.phases.get(inputs.__urn) === "update";
  }

  /** Whether the user is to be told what `up` will meet. */
  isPreview(inputs: Props): boolean {
    const phase = this.phases.get(inputs.__urn);
    return phase === "preview" || phase === "either";
  }
}
