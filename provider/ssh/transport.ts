import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import type { PlacementError } from "../core/errors";
import type { OpenTransport } from "./attempt";
import { notForwarded, unreachable } from "./connect-failures";
import type { Connection } from "./connection";
import { type Fault, nameOf, words } from "./failure";
import type { Target } from "./target";

/** A TCP connection to the target, as OpenSSH makes it: every address of the name in turn. */
export function directly(target: Target): OpenTransport {
  return (timeoutMs) =>
    new Promise<Duplex>((resolve, reject) => {
      // Node's own 250 ms for each address of a name is too short for a host across an ocean.
      const socket = connectTcp({
        host: target.address,
        port: target.port,
        ...(target.addressFamily !== undefined && { family: target.addressFamily }),
        ...(target.bindAddress !== undefined && { localAddress: target.bindAddress }),
        autoSelectFamilyAttemptTimeout: Math.max(1000, Math.floor(timeoutMs / 3)),
      });
      const fail = (fault: Parameters<typeof unreachable>[1], cause?: unknown) => {
        clearTimeout(timer);
        socket.on("error", () => {}).destroy();
        reject(unreachable(target, fault, cause));
      };
      const timer = setTimeout(() => fail({ message: `no answer within ${timeoutMs / 1000} s` }), timeoutMs);
      socket.once("error", (error) => fail(faultOf(error, target), error));
      socket.once("connect", () => {
        clearTimeout(timer);
        socket.removeAllListeners("error").setNoDelay(true);
        resolve(socket);
      });
    });
}

/** A channel of the jump host's connection. */
export function through(hop: Connection, target: Target): OpenTransport {
  return (timeoutMs) =>
    new Promise<Duplex>((resolve, reject) => {
      const from = `from jump host ${hop.target.hop}`;
      let late = false;
      const fail = (error: PlacementError) => {
        late = true;
        clearTimeout(timer);
        stopListening();
        reject(error);
      };
      const failFor = (message: string) => fail(unreachable(target, { message }));
      const timer = setTimeout(() => failFor(`no answer ${from} within ${timeoutMs / 1000} s`), timeoutMs);
      let stopListening = () => {};
      stopListening = hop.onLost(() => failFor(hop.lost!.problem.message));
      hop.forward(target.address, target.port).then(
        (channel) => {
          if (late) return void channel.destroy();
          clearTimeout(timer);
          stopListening();
          resolve(channel);
        },
        (error: Error & { reason?: number }) =>
          fail(
            notForwarded(target, hop.target, {
              // 1 = administratively prohibited
              ...{ prohibited: error.reason === 1, words: words(error).replace("(SSH) Channel open failure: ", "") },
            }),
          ),
      );
    });
}

/** Node's codes in words; an attempt at several addresses ends with several. */
export function faultOf(error: Error, target: Target): Parameters<typeof unreachable>[1] {
  const { address } = target;
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const host = nameOf(target);
  const setAddress = {
    do: `set address of ${host} in the inventory (or HostName in ssh_config) to a name or IP address that resolves here`,
  };
  const faults: Record<string, Partial<Fault> & Pick<Fault, "message">> = {
    ECONNREFUSED: {
      message: "it refuses the connection: sshd does not run there, or listens on another port (ECONNREFUSED)",
      remedies: [
        { do: "start sshd", commands: [{ host, command: "systemctl start sshd" }] },
        { do: `set port of ${host} in the inventory (or Port in ssh_config) to the one it listens on` },
      ],
    },
    EHOSTUNREACH: { message: "no such host answers on its network: it is off, or its link is down (EHOSTUNREACH)" },
    ENETUNREACH: { message: "there is no route to its network from here (ENETUNREACH)" },
    ETIMEDOUT: { message: "no answer (ETIMEDOUT)" },
    ENOTFOUND: { message: `the name ${address} does not resolve here (ENOTFOUND)`, remedies: [setAddress] },
    EAI_AGAIN: { message: `the name ${address} does not resolve at the moment (EAI_AGAIN)`, remedies: [setAddress] },
  };
  return faults[code] ?? { message: words(error) };
}
