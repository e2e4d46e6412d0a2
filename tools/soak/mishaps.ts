/** What strikes the moves of a soak: only what can be healed without losing a VM, whenever it strikes. */
import type { Lab, LabHost } from "../../lab/libvirt";
import * as does from "../../lab/faults/strikes";

export interface Mishap {
  title: string;
  strike(lab: Lab, source: LabHost, destination: LabHost): Promise<unknown>;
  heal?(lab: Lab, source: LabHost, destination: LabHost): Promise<unknown>;
}

const allUnblocked = (lab: Lab) => Promise.all(lab.hosts.map((host) => host.unblock()));

export const mishaps: readonly Mishap[] = [
  { title: "virsh killed", strike: (_, source) => does.killVirsh({ source }) },
  {
    title: "ssh of the source broken",
    strike: (_, source) => source.stopSshd({ cut: true }),
    heal: (_, source) => source.startSshd(),
  },
  {
    title: "ssh of the destination broken",
    strike: (_, __, destination) => destination.stopSshd({ cut: true }),
    heal: (_, __, destination) => destination.startSshd(),
  },
  { title: "source silent", strike: (lab, source) => does.silence({ lab }, source), heal: allUnblocked },
  {
    title: "destination silent",
    strike: (lab, _, destination) => does.silence({ lab }, destination),
    heal: allUnblocked,
  },
  {
    title: "source hangs",
    strike: (_, source) => does.stopAnswering(source),
    heal: (_, source) => does.answerAgain(source),
  },
  {
    title: "hosts cut off from each other",
    strike: (_, source, destination) => does.cut({ source, destination }, "reject"),
    heal: allUnblocked,
  },
  { title: "libvirtd restarted on the source", strike: (_, source) => does.restartLibvirtd(source) },
  { title: "libvirtd restarted on the destination", strike: (_, __, destination) => does.restartLibvirtd(destination) },
  {
    title: "libvirtd killed on the source",
    strike: (_, source) => does.killLibvirtd(source),
    heal: (_, source) => source.startLibvirtd(),
  },
  {
    title: "libvirtd killed on the destination",
    strike: (_, __, destination) => does.killLibvirtd(destination),
    heal: (_, __, destination) => destination.startLibvirtd(),
  },
  {
    title: "jobs aborted by hand",
    strike: (_, source) => source.sh("for d in $(virsh -q list --name); do virsh -q domjobabort $d; done"),
  },
  {
    title: "slow link",
    strike: (_, source) => source.slowMigrations(16_000),
    heal: (_, source) => source.unlimit(),
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
