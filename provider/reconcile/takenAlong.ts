/** What a VM that is shut off takes along when its definition moves: copied beforehand, settled or put back by how the move ended. */
export interface TakenAlong {
  readonly name: string;
  /** Which content now exists on both hosts, as a phrase for a message. */
  readonly description: string;
  /** `putBack` itself finds out whether the move has ended, however it failed; else only a failed virsh says so. */
  readonly observesEnd?: true;
  /** After the definition has moved: the destination has the content still, and the copies that were kept for the case of a failure go. */
  settle(): Promise<void>;
  /** The move did not happen: both hosts as before. False where a host shows something else, and content stays beside its definition. */
  putBack(): Promise<boolean>;
}

/** Several as one; undefined for none. */
export function together(parts: readonly TakenAlong[]): TakenAlong | undefined {
  const [first] = parts;
  if (first === undefined || parts.length === 1) return first;
  return {
    name: first.name,
    description: parts.map(({ description }) => description).join("; "),
    settle: async () => {
      for (const part of parts) await part.settle();
    },
    putBack: async () => {
      let all = true;
      for (const part of parts.toReversed()) all = (await part.putBack()) && all;
      return all;
    },
  };
}
