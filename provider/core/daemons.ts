/** Which of libvirt's daemons serve a host, and the commands that start, restart and read them there. */
import type { Command, Remedy } from "./problem";

export interface Daemons {
  /** One daemon for all (libvirtd), or one for each driver (virtqemud, virtnetworkd …) and virtproxyd for connections from other hosts. */
  layout: "monolithic" | "modular";
  /** What starts them; undefined: none that is known. */
  init: "systemd" | "openrc" | undefined;
  /** Those whose socket is there. */
  answering: readonly string[];
  /** Of systemd, by name; one that is not installed is not in it. */
  units: Readonly<Record<string, Unit>>;
  /** The daemon of the other layout runs too, or will with the next boot. */
  other: "active" | "enabled" | undefined;
}

interface Unit {
  active: boolean;
  enabled: boolean;
  masked: boolean;
}

/** By host; one that is not in it could not be asked. */
export type DaemonsByHost = Readonly<Record<string, Daemons | undefined>>;

/** The one that runs the VMs. */
export function qemuDaemon({ layout }: Pick<Daemons, "layout">): string {
  return layout === "modular" ? "virtqemud" : "libvirtd";
}

/** The one that takes connections by TLS and TCP, and those of clients that only know libvirtd's socket. */
export function remoteDaemon({ layout }: Pick<Daemons, "layout">): string {
  return layout === "modular" ? "virtproxyd" : "libvirtd";
}

const layouts = [{ layout: "modular" }, { layout: "monolithic" }] as const;

/** Starts one of the daemons now and with each boot. */
export function startCommand(host: string, { init }: Pick<Daemons, "init">, daemon: string): Command[] {
  if (init === "systemd") return [{ host, command: `systemctl enable --now ${daemon}.socket` }];
  return init === "openrc"
    ? [
        { host, command: `rc-update add ${daemon}` },
        { host, command: `rc-service ${daemon} start` },
      ]
    : [{ host, command: `${daemon} -d` }];
}

/** @param also one that is needed beside that of the VMs, where it is another. */
export function startLibvirt(host: string, daemons: Daemons | undefined, also?: (of: Daemons) => string): Remedy[] {
  const again = { command: "pulumi up" };
  if (daemons === undefined) {
    const [modular, monolithic] = layouts.map((each) => startCommand(host, { init: "systemd" }, qemuDaemon(each))) as [
      Command[],
      Command[],
    ];
    return [
      { do: `start libvirt on ${host} (RHEL 9 and later)`, commands: [...modular, again] },
      { do: "start libvirtd", commands: [...monolithic, again] },
    ];
  }
  const names = [...new Set([qemuDaemon(daemons), ...(also ? [also(daemons)] : [])])];
  return [
    {
      do: `start ${names.join(" and ")} on ${host}`,
      commands: [...names.flatMap((name) => startCommand(host, daemons, name)), again],
    },
  ];
}

/** Lets libvirt there take connections by TLS or TCP. */
export function listenRemedies(host: string, daemons: Daemons | undefined, transport: "tls" | "tcp"): Remedy[] {
  if (daemons === undefined) {
    return [
      { what: "libvirt's socket (RHEL 9 and later)", unit: `virtproxyd-${transport}.socket` },
      { what: "the socket of libvirtd", unit: `libvirtd-${transport}.socket` },
    ].map(({ what, unit }) => ({
      do: `start ${what}`,
      commands: [{ host, command: `systemctl enable --now ${unit}` }],
    }));
  }
  const daemon = remoteDaemon(daemons);
  if (daemons.init !== "systemd") {
    const listening = daemon === "libvirtd" ? ` and start ${daemon} with --listen` : ` and restart ${daemon}`;
    return [{ do: `set listen_${transport} = 1 in /etc/libvirt/${daemon}.conf on ${host}${listening}` }];
  }
  // systemd refuses to start a socket of a service that runs.
  const runs = daemons.units[`${daemon}.service`]?.active === true;
  const service = (verb: string) => ({ host, command: `systemctl ${verb} ${daemon}.service` });
  return [
    {
      do: `enable the ${transport.toUpperCase()} socket of ${daemon} on ${host}`,
      commands: [
        ...(runs ? [service("stop")] : []),
        { host, command: `systemctl enable --now ${daemon}-${transport}.socket` },
        ...(runs ? [service("start")] : []),
      ],
    },
  ];
}

/** Restarts what runs the VMs, which go on meanwhile; empty where it is not known how. */
export function restartCommand(host: string, daemons: Daemons | undefined): Command[] {
  if (daemons?.init === undefined) return [];
  const daemon = qemuDaemon(daemons);
  const command = daemons.init === "systemd" ? `systemctl restart ${daemon}` : `rc-service ${daemon} restart`;
  return [{ host, command }];
}

/** The end of a remedy that only counts once what runs the VMs has been restarted. */
export function restarting(host: string, daemons: Daemons | undefined): { then: string; commands: Command[] } {
  return { then: `restart ${nameOfDaemon(daemons)} there`, commands: restartCommand(host, daemons) };
}

/** "libvirtd", "virtqemud", "libvirtd (or virtqemud)". */
export function nameOfDaemon(daemons: Daemons | undefined): string {
  return daemons === undefined ? "libvirtd (or virtqemud)" : qemuDaemon(daemons);
}

/** Shows its last lines. */
export function logCommand(host: string, daemons: Daemons | undefined): Command {
  if (daemons === undefined) return { host, command: "journalctl -u libvirtd -u virtqemud -n 50" };
  const daemon = qemuDaemon(daemons);
  const command =
    daemons.init === "systemd" ? `journalctl -u ${daemon} -n 50` : `tail -n 50 /var/log/libvirt/${daemon}.log`;
  return { host, command };
}

/** Where `host_uuid` stands. */
export function hostUuidFiles(daemons: Daemons | undefined): string {
  if (daemons === undefined) return "/etc/libvirt/libvirtd.conf (or virtqemud.conf)";
  return daemons.layout === "monolithic"
    ? "/etc/libvirt/libvirtd.conf"
    : "/etc/libvirt/virtqemud.conf and the .conf of each other daemon there";
}
