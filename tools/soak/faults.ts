/** The faults of a soak: only those that lose no VM, whenever they are injected. */
import type { Lab, LabHost } from "../../lab/libvirt";
import * as inject from "../../lab/faults/inject";

export interface SoakFault {
  title: string;
  inject(lab: Lab, source: LabHost, destination: LabHost): Promise<unknown>;
  recover?(lab: Lab, source: LabHost, destination: LabHost): Promise<unknown>;
}

const allUnblocked = (lab: Lab) => Promise.all(lab.hosts.map((host) => host.unblock()));

export const soakFaults: readonly SoakFault[] = [
  { title: "virsh killed", inject: (_, source) => inject.killVirsh({ source }) },
  {
    title: "ssh of the source broken",
    inject: (_, source) => source.stopSshd({ cut: true }),
    recover: (_, source) => source.startSshd(),
  },
  {
    title: "ssh of the destination broken",
    inject: (_, __, destination) => destination.stopSshd({ cut: true }),
    recover: (_, __, destination) => destination.startSshd(),
  },
  { title: "source silent", inject: (lab, source) => inject.silence({ lab }, source), recover: allUnblocked },
  {
    title: "destination silent",
    inject: (lab, _, destination) => inject.silence({ lab }, destination),
    recover: allUnblocked,
  },
  {
    title: "source hangs",
    inject: (_, source) => inject.stopAnswering(source),
    recover: (_, source) => inject.answerAgain(source),
  },
  {
    title: "hosts cut off from each other",
    inject: (_, source, destination) => inject.cut({ source, destination }, "reject"),
    recover: allUnblocked,
  },
  { title: "libvirtd restarted on the source", inject: (_, source) => inject.restartLibvirtd(source) },
  {
    title: "libvirtd restarted on the destination",
    inject: (_, __, destination) => inject.restartLibvirtd(destination),
  },
  {
    title: "libvirtd killed on the source",
    inject: (_, source) => inject.killLibvirtd(source),
    recover: (_, source) => source.startLibvirtd(),
  },
  {
    title: "libvirtd killed on the destination",
    inject: (_, __, destination) => inject.killLibvirtd(destination),
    recover: (_, __, destination) => destination.startLibvirtd(),
  },
  {
    title: "jobs aborted by hand",
    inject: (_, source) => source.sh("for d in $(virsh -q list --name); do virsh -q domjobabort $d; done"),
  },
  {
    title: "slow link",
    inject: (_, source) => source.slowMigrations(16_000),
    recover: (_, source) => source.unlimit(),
  },
];

/** Migration options that go with any VM of the soak. */
export const variants: readonly Record<string, unknown>[] = [
  {},
  {},
  { maxDowntime: "1s" },
  { bandwidth: "40MiB/s" },
  { autoConverge: { initial: 30, increment: 20 } },
  { parallel: { connections: 2 } },
  { postCopy: { after: "500ms" } },
  { timeout: "20s", onTimeout: "suspend" },
  { postCopy: true, timeout: "2s", onTimeout: "postCopy" },
  { compression: { methods: ["xbzrle"] } },
  { tunnelled: true },
  { timeout: "2s" },
];
