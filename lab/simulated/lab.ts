import { PlacementError } from "../../provider/core/errors";
import type { Dial } from "../../provider/core/ports";
import type { SimulatedDomain } from "./domain";
import { SimulatedHost, type SimulatedHostOptions } from "./host";
import { Network } from "./network";
import { SimulatedShell } from "./shell";

/** All the hosts of a test, which answer virsh from a model and migrate to each other. */
export class SimulatedLab extends Network {
  /** Connections that were opened, by host. */
  readonly dialled: string[] = [];
  private readonly shells: SimulatedShell[] = [];

  add(name: string, domains: SimulatedDomain[] = [], options: SimulatedHostOptions = {}): SimulatedHost {
    const host = new SimulatedHost(name, domains, options);
    this.hosts.set(name, host);
    return host;
  }

  /** As when the network goes: who was connected has to dial again. */
  connectionsLost(): void {
    for (const shell of this.shells) shell.alive = false;
  }

  /** Connects without ssh, in no time; over ssh see `serve`. */
  dial: Dial = ({ name }) => {
    this.dialled.push(name);
    const host = this.hosts.get(name);
    if (host !== undefined && !host.down) {
      const shell = new SimulatedShell(this, host);
      this.shells.push(shell);
      return Promise.resolve(shell);
    }
    return Promise.reject(
      new PlacementError({
        code: "hostUnreachable",
        phase: "connect",
        host: name,
        action: `cannot connect to ${name}`,
        message: "connect ECONNREFUSED",
        remedies: [{ do: "start it" }],
      }),
    );
  };
}
