import type { Scenario, VmState } from "./scenario";

/** A scenario with a VM of its own on kvm-a, in the state given. */
export interface Given {
  title: string;
  state: VmState;
  test: (vm: Scenario) => Promise<void>;
}

export function given(title: string, state: VmState, test: (vm: Scenario) => Promise<void>): Given {
  return { title, state, test };
}

/** Of a VM that runs where it was started. */
export const running = /^running \((booted|unpaused)\)$/;
