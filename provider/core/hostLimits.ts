/** How much of a host its VMs may take. */
export interface HostLimits {
  /** A fraction of its memory: 0.9. */
  readonly memory?: number;
  /** Virtual CPUs of VMs for each CPU: 4. Default: no limit. */
  readonly cpu?: number;
}
