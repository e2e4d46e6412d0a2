/** Kept in state while a VM is on a host that neither the program names nor `up` left it on. */
export interface Drift {
  /** `host` of the program. */
  host: unknown;
  /** Where `up` left the VM. */
  from: string;
}

/** `host` of the program, also where a refresh has put the host in its place that the VM was found on. */
export function declaredHost(props: Record<string, unknown>): unknown {
  return (props.__drift as Drift | undefined)?.host ?? props.host;
}
