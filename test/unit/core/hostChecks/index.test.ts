import assert from "node:assert/strict";
import type { Daemons } from "../../../../provider/core/daemons";
import { checkHost, type Guest, type HostState } from "../../../../provider/core/hostChecks";
import { factsOf } from "../../../support/problems";

describe("the checks of a host by itself", () => {
  const on = { active: true, enabled: true, masked: false };
  const modular: Daemons = {
    layout: "modular",
    init: "systemd",
    answering: ["virtproxyd", "virtqemud", "virtlogd", "virtnetworkd", "virtstoraged"],
    units: { "virtqemud.socket": on },
    other: undefined,
  };
  const guest: Guest = {
    name: "db-01",
    virtType: "kvm",
    machine: "pc-q35-9.2",
    hasTpm: false,
    canNest: false,
    usesNetworks: true,
    usesSecrets: false,
    usesFilters: false,
  };
  const healthy: HostState = {
    host: "kvm-a",
    libvirt: "12.8.0",
    qemu: "11.1.2",
    daemons: modular,
    kvmDevice: true,
    kvmOffered: true,
    sshClient: true,
    swtpmMissing: [],
    isVm: false,
    maxSessions: 10,
    selinux: "enforcing",
    apparmor: false,
    securityModels: ["selinux", "dac"],
    stdioHandler: "logd",
    tlsKeyHasSecret: false,
    deprecatedMachines: ["pc-q35-7.2"],
    guests: [guest],
    usesSsh: true,
  };
  const found = (change: Partial<HostState>) => factsOf(checkHost({ ...healthy, ...change }).problems);
  const first = (change: Partial<HostState>) => found(change)[0];

  it("find nothing on a healthy one", () => {
    assert.deepEqual(checkHost(healthy), { problems: [], unchecked: [] });
  });

  it("say which of them had nothing to go by", () => {
    const nothing = Object.fromEntries(Object.keys(healthy).map((key) => [key, undefined])) as unknown as HostState;
    const { problems, unchecked } = checkHost({ ...nothing, host: "kvm-a", usesSsh: true });
    assert.deepEqual(problems, []);
    assert.equal(unchecked.length, 11);
  });

  it("kvm: no device, or libvirt does not offer it", () => {
    assert.equal(first({ kvmDevice: false }), "blocker kvm on kvm-a: migrationRefused");
    assert.equal(first({ kvmOffered: false }), "blocker kvm on kvm-a: migrationRefused");
    assert.deepEqual(found({ kvmDevice: undefined }), []);
    assert.ok(found({ kvmDevice: false }).includes("kvm-a$ systemctl restart virtqemud"));
  });

  it("daemons: those that others need", () => {
    const without = (daemon: string): Daemons => ({
      ...modular,
      answering: modular.answering.filter((each) => each !== daemon),
    });
    assert.deepEqual(found({ daemons: without("virtnetworkd") }), [
      "warning daemons on kvm-a: migrationRefused",
      "kvm-a$ systemctl enable --now virtnetworkd.socket",
    ]);
    assert.deepEqual(found({ daemons: without("virtnetworkd"), guests: [{ ...guest, usesNetworks: false }] }), []);
    for (const change of [{ guests: [{ ...guest, usesSecrets: true }] }, { tlsKeyHasSecret: true }]) {
      assert.equal(found(change)[1], "kvm-a$ systemctl enable --now virtsecretd.socket");
      const answering = [...modular.answering, "virtsecretd"];
      assert.deepEqual(found({ ...change, daemons: { ...modular, answering } }), []);
      assert.deepEqual(found({ ...change, daemons: { ...modular, layout: "monolithic", units: {} } }), []);
    }
    const filtered = { guests: [{ ...guest, usesFilters: true }] };
    assert.equal(found(filtered)[1], "kvm-a$ systemctl enable --now virtnwfilterd.socket");
    assert.equal(found({ daemons: without("virtlogd") })[1], "kvm-a$ systemctl enable --now virtlogd.socket");
    assert.deepEqual(found({ daemons: without("virtlogd"), stdioHandler: "file" }), []);
    const whole: Daemons = { ...without("virtstoraged"), layout: "monolithic", units: {} };
    assert.deepEqual(found({ daemons: whole }), []);
  });

  it("one-daemon: both are set up", () => {
    assert.deepEqual(found({ daemons: { ...modular, other: "enabled" } }), [
      "warning one-daemon on kvm-a: migrationRefused",
      "kvm-a$ systemctl disable --now libvirtd.socket libvirtd.service",
    ]);
  });

  it("daemon-socket: nothing starts the daemon again", () => {
    const off = { active: false, enabled: false, masked: false };
    const units = (socket: object, service: object) =>
      ({ "virtqemud.socket": { ...off, ...socket }, "virtqemud.service": { ...off, ...service } }) as Daemons["units"];
    const at = (socket: object, service: object) => first({ daemons: { ...modular, units: units(socket, service) } });
    assert.equal(at({}, { active: true }), "warning daemon-socket on kvm-a: migrationRefused");
    assert.equal(at({}, { active: true, enabled: true }), undefined);
    assert.equal(at({ masked: true }, { active: true }), undefined);
    assert.equal(at({ active: true }, {}), undefined);
  });

  it("ssh-client: libvirt connects to others by qemu+ssh", () => {
    assert.deepEqual(found({ sshClient: false }), [
      "blocker ssh-client on kvm-a: migrationRefused",
      "kvm-a$ apt install openssh-client",
      "kvm-a$ dnf install openssh-clients",
    ]);
    assert.deepEqual(found({ sshClient: false, usesSsh: false }), []);
  });

  it("swtpm: VMs have an emulated TPM", () => {
    const guests = [{ ...guest, hasTpm: true }];
    assert.equal(first({ swtpmMissing: ["swtpm_setup"], guests }), "warning swtpm on kvm-a: migrationRefused");
    assert.deepEqual(found({ swtpmMissing: ["swtpm_setup"] }), []);
  });

  it("nested: the host is a VM, or its VMs may run their own", () => {
    assert.equal(first({ isVm: true }), "information nested on kvm-a: migrationRefused");
    assert.equal(first({ guests: [{ ...guest, canNest: true }] }), "warning nested on kvm-a: migrationRefused");
  });

  it("deprecated-machine-type: names the VMs", () => {
    const guests = ["a", "b", "c", "d"].map((name) => ({ ...guest, name, machine: "pc-q35-7.2" }));
    const { problems } = checkHost({ ...healthy, guests });
    assert.match(problems[0]!.message, /a \(pc-q35-7\.2\), b .* and 1 more$/);
  });

  it("known-fault: by the release", () => {
    const faults = (libvirt: string, qemu = "11.1.2") =>
      checkHost({ ...healthy, libvirt, qemu }).problems.map(({ remedies }) => remedies[0]!.do);
    assert.deepEqual(faults("11.3.0"), ["upgrade libvirt to 11.4 or later"]);
    assert.deepEqual(faults("11.1.0"), []);
    assert.deepEqual(faults("9.0.0"), ["upgrade libvirt to 11.0 or later"]);
    assert.deepEqual(faults("8.0.0"), ["upgrade libvirt to 8.5 or later"]);
    assert.deepEqual(faults("12.8.0", "10.0.13"), ["upgrade QEMU to 10.1 or later"]);
  });

  it("max-sessions: fewer than a move needs", () => {
    assert.equal(first({ maxSessions: 2 }), "warning max-sessions on kvm-a: migrationRefused");
    assert.deepEqual(found({ maxSessions: 4 }), []);
  });

  it("confinement: the kernel confines, libvirt does not", () => {
    assert.equal(first({ securityModels: ["dac"] }), "information confinement on kvm-a: migrationRefused");
    const apparmor = { selinux: "off", apparmor: true } as const;
    assert.equal(first({ ...apparmor }), "information confinement on kvm-a: migrationRefused");
    assert.deepEqual(found({ ...apparmor, securityModels: ["apparmor", "dac"] }), []);
  });
});
