/** libvirt's daemons on a host. */
import { logCommand, qemuDaemon, startCommand } from "../daemons";
import { listed } from "../near";
import type { Problem } from "../problem";
import { problem } from "./check";
import type { HostState } from "./state";

export function daemons(state: HostState): Problem[] | undefined {
  const { host, daemons: known, guests = [], stdioHandler, tlsKeyHasSecret } = state;
  if (known === undefined) return undefined;
  const secrets = [
    ...(guests.some(({ usesSecrets }) => usesSecrets) ? ["its VMs"] : []),
    ...(tlsKeyHasSecret ? ["the key of its TLS certificate"] : []),
  ];
  const needed = [
    ...(known.init === "systemd" && stdioHandler !== "file" ? [{ daemon: "virtlogd", whatFor: "QEMU's output" }] : []),
    ...(known.layout === "modular"
      ? [
          {
            daemon: "virtnetworkd",
            whatFor: "the networks of its VMs",
            is: guests.some(({ usesNetworks }) => usesNetworks),
          },
          { daemon: "virtstoraged", whatFor: "storage pools", is: true },
          { daemon: "virtsecretd", whatFor: `the secrets for ${listed(secrets, "and")}`, is: secrets.length > 0 },
          {
            daemon: "virtnwfilterd",
            whatFor: "the network filters of its VMs",
            is: guests.some(({ usesFilters }) => usesFilters),
          },
        ].filter(({ is }) => is)
      : []),
  ].filter(({ daemon }) => !known.answering.includes(daemon));
  return needed.map(({ daemon, whatFor }) =>
    problem(state, "daemons", "warning", `${host} has no socket of ${daemon}, but ${whatFor} need it`, [
      { do: `start ${daemon}`, commands: startCommand(host, known, daemon) },
    ]),
  );
}

export function oneLayout(state: HostState): Problem[] | undefined {
  const { host, daemons: known } = state;
  if (known === undefined) return undefined;
  if (known.other === undefined) return [];
  const [serving, other] = known.layout === "modular" ? ["virtqemud", "libvirtd"] : ["libvirtd", "virtqemud"];
  const does = known.other === "active" ? "also runs" : "also starts at the next boot";
  return [
    problem(state, "one-daemon", "warning", `${serving} manages the VMs of ${host}, but ${other} ${does}`, [
      {
        do: `disable ${other}`,
        commands: [{ host, command: `systemctl disable --now ${other}.socket ${other}.service` }],
      },
    ]),
  ];
}

/** A daemon that was started by its socket ends when nobody asks anything, and only its socket brings it back. */
export function socketActive(state: HostState): Problem[] | undefined {
  const { host, daemons: known } = state;
  if (known === undefined) return undefined;
  const daemon = qemuDaemon(known);
  const [socket, service] = [known.units[`${daemon}.socket`], known.units[`${daemon}.service`]];
  if (socket === undefined || socket.active || socket.masked || service?.enabled) return [];
  const message = `${daemon}.socket is not active on ${host}, and ${daemon}.service does not start at boot`;
  return [
    problem(state, "daemon-socket", "warning", message, [
      {
        do: `start ${daemon}.socket now and at each boot`,
        commands: [{ host, command: `systemctl enable --now ${daemon}.socket` }, logCommand(host, known)],
      },
    ]),
  ];
}
