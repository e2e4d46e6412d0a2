import assert from "node:assert/strict";
import {
  type Daemons,
  hostUuidFiles,
  listenRemedies,
  logCommand,
  nameOfDaemon,
  remoteDaemon,
  restartCommand,
  startLibvirt,
} from "../../../provider/core/daemons";
import { commandsOf } from "../../support/problems";

describe("libvirt's daemons in remedies", () => {
  const daemons = (change: Partial<Daemons>): Daemons => ({
    layout: "monolithic",
    init: "systemd",
    answering: [],
    units: {},
    other: undefined,
    ...change,
  });
  const monolithic = daemons({});
  const modular = daemons({ layout: "modular" });
  const active = { active: true, enabled: true, masked: false };

  it("names the daemon of that host alone", () => {
    const started = (of: Daemons | undefined) => commandsOf(startLibvirt("kvm-a", of));
    assert.deepEqual(started(monolithic), ["kvm-a$ systemctl enable --now libvirtd.socket", "$ pulumi up"]);
    assert.deepEqual(started(modular), ["kvm-a$ systemctl enable --now virtqemud.socket", "$ pulumi up"]);
    assert.deepEqual(started(undefined), [
      "kvm-a$ systemctl enable --now virtqemud.socket",
      "$ pulumi up",
      "kvm-a$ systemctl enable --now libvirtd.socket",
      "$ pulumi up",
    ]);
    assert.deepEqual([modular, monolithic, undefined].map(nameOfDaemon), [
      "virtqemud",
      "libvirtd",
      "libvirtd (or virtqemud)",
    ]);
    assert.match(hostUuidFiles(modular), /^\/etc\/libvirt\/virtqemud\.conf/);
    assert.equal(hostUuidFiles(monolithic), "/etc/libvirt/libvirtd.conf");
  });

  it("starts virtproxyd too for a client that only knows libvirtd's socket", () => {
    assert.deepEqual(commandsOf(startLibvirt("kvm-a", modular, remoteDaemon)), [
      "kvm-a$ systemctl enable --now virtqemud.socket",
      "kvm-a$ systemctl enable --now virtproxyd.socket",
      "$ pulumi up",
    ]);
    assert.deepEqual(
      commandsOf(startLibvirt("kvm-a", monolithic, remoteDaemon)),
      commandsOf(startLibvirt("kvm-a", monolithic)),
    );
  });

  it("does without systemd where there is none", () => {
    const openrc = daemons({ init: "openrc" });
    const none = daemons({ layout: "modular", init: undefined });
    assert.deepEqual(commandsOf(startLibvirt("kvm-a", openrc)), [
      "kvm-a$ rc-update add libvirtd",
      "kvm-a$ rc-service libvirtd start",
      "$ pulumi up",
    ]);
    assert.deepEqual(commandsOf(startLibvirt("kvm-a", none)), ["kvm-a$ virtqemud -d", "$ pulumi up"]);
    assert.equal(logCommand("kvm-a", none).command, "tail -n 50 /var/log/libvirt/virtqemud.log");
    assert.deepEqual(restartCommand("kvm-a", none), []);
    assert.deepEqual(restartCommand("kvm-a", openrc), [{ host: "kvm-a", command: "rc-service libvirtd restart" }]);
    assert.deepEqual(
      listenRemedies("kvm-a", none, "tls").map(({ do: what }) => what),
      ["set listen_tls = 1 in /etc/libvirt/virtproxyd.conf on kvm-a and restart virtproxyd"],
    );
  });

  it("stops a service whose socket is to be started, and starts it again", () => {
    const listening = (of: Daemons, transport: "tls" | "tcp") => commandsOf(listenRemedies("kvm-a", of, transport));
    assert.deepEqual(listening(daemons({ units: { "libvirtd.service": active } }), "tls"), [
      "kvm-a$ systemctl stop libvirtd.service",
      "kvm-a$ systemctl enable --now libvirtd-tls.socket",
      "kvm-a$ systemctl start libvirtd.service",
    ]);
    assert.deepEqual(listening(modular, "tcp"), ["kvm-a$ systemctl enable --now virtproxyd-tcp.socket"]);
  });

  it("restarts and reads what runs the VMs", () => {
    assert.deepEqual(restartCommand("kvm-a", modular), [{ host: "kvm-a", command: "systemctl restart virtqemud" }]);
    assert.equal(logCommand("kvm-a", monolithic).command, "journalctl -u libvirtd -n 50");
    assert.equal(logCommand("kvm-a", undefined).command, "journalctl -u libvirtd -u virtqemud -n 50");
  });
});
