import assert from "node:assert/strict";
import { parseDaemons } from "../../../provider/virsh/daemons";

describe("which of libvirt's daemons serve a host", () => {
  interface Host {
    init?: string;
    sockets?: string;
    processes?: string;
    installed?: string;
    units?: string[];
  }

  const unit = (id: string, active: string, file: string, load = "loaded") =>
    `Id=${id}\nLoadState=${load}\nActiveState=${active}\nUnitFileState=${file}`;
  const read = ({ init = "systemd", sockets = "", processes = "", installed = "", units = [] }: Host) =>
    parseDaemons(
      `\n@@ init\n${init}\n\n@@ sockets\n${sockets}\n\n@@ processes\n${processes}\n\n@@ installed\n${installed}\n\n@@ units\n${units.join("\n\n")}\n\n@@ end\n`,
    );
  const layout = (host: Host) => {
    const { layout, other, answering } = read(host) ?? {};
    return [layout, other, answering];
  };

  it("is libvirtd on Debian and Ubuntu: its socket and its process", () => {
    assert.deepEqual(layout({ sockets: "libvirt\nvirtlogd", processes: "libvirtd", installed: "libvirtd" }), [
      "monolithic",
      undefined,
      ["libvirtd", "virtlogd"],
    ]);
  });

  it("is virtqemud on RHEL 9 and 10, whose sockets start it", () => {
    const units = [unit("virtqemud.socket", "active", "enabled"), unit("virtproxyd.socket", "active", "enabled")];
    const host = { sockets: "libvirt\nvirtqemud\nvirtnetworkd", installed: "libvirtd\nvirtqemud", units };
    assert.deepEqual(layout(host), ["modular", undefined, ["virtproxyd", "virtqemud", "virtnetworkd"]]);
  });

  it("is libvirtd where its process waits behind the socket that it shares with virtproxyd", () => {
    const units = [unit("libvirtd.socket", "active", "enabled"), unit("virtqemud.socket", "inactive", "enabled")];
    assert.deepEqual(layout({ sockets: "libvirt", installed: "libvirtd\nvirtqemud", units }), [
      "monolithic",
      "enabled",
      ["libvirtd"],
    ]);
  });

  it("tells that both run", () => {
    const host = { sockets: "libvirt\nvirtqemud", processes: "libvirtd\nvirtqemud" };
    assert.deepEqual(layout(host).slice(0, 2), ["modular", "active"]);
  });

  it("is what would be started where nothing runs", () => {
    const units = [unit("libvirtd.socket", "inactive", "disabled"), unit("virtqemud.socket", "inactive", "enabled")];
    assert.deepEqual(layout({ units, installed: "libvirtd\nvirtqemud" }), ["modular", undefined, []]);
    assert.deepEqual(layout({ installed: "virtqemud" }), ["modular", undefined, []]);
    assert.deepEqual(layout({ installed: "libvirtd" }), ["monolithic", undefined, []]);
  });

  it("is not known where nothing decides", () => {
    assert.equal(read({ installed: "libvirtd\nvirtqemud" }), undefined);
    assert.equal(read({}), undefined);
    assert.equal(parseDaemons("\n@@ init\nsystemd\n\n@@ sockets\nvirtqemud\n"), undefined);
  });

  it("reads hosts without systemd", () => {
    const { init, layout, units } = read({ init: "openrc", sockets: "libvirt", processes: "libvirtd" })!;
    assert.deepEqual([init, layout, units], ["openrc", "monolithic", {}]);
    assert.equal(read({ init: "", processes: "virtqemud" })!.init, undefined);
  });

  it("reads units: one that is not installed is none, one that is masked is installed", () => {
    const { units } = read({
      sockets: "libvirt",
      processes: "libvirtd",
      units: [
        unit("libvirtd.service", "active", "enabled"),
        unit("libvirtd.socket", "inactive", "masked", "masked"),
        unit("virtqemud.socket", "inactive", "", "not-found"),
        unit("evil.socket", "active", "enabled"),
        "nonsense",
      ],
    })!;
    assert.deepEqual(units, {
      "libvirtd.service": { active: true, enabled: true, masked: false },
      "libvirtd.socket": { active: false, enabled: false, masked: true },
    });
  });
});
