import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hosts } from "../../../../provider/observe/hosts";
import { fitOn, withoutDisabled } from "../../../../provider/preflight/probes/fit";
import { Virsh } from "../../../../provider/virsh/client";
import { type DomainDefinition, parseDomainXml } from "../../../../provider/virsh/domainXml";
import { FakeClock } from "../../../support/fake-clock";
import { LocalShell } from "../../../support/local-shell";

/** A virsh of a host whose daemon speaks that language and refuses where `when` holds of "$*". */
const virsh = (when: string, text: string) => `#!/bin/sh
case "$*" in
  *domcapabilities*) if ${when}; then echo "error: failed to get emulator capabilities" >&2; echo "error: ${text}" >&2; exit 1; fi
    echo "<domainCapabilities><devices><tpm supported='yes'><enum name='backendModel'><value>emulator</value></enum></tpm></devices></domainCapabilities>";;
  *) ${when} && [ -e "$0.down" ] && exit 1; echo kvm-b;;
esac
`;
const has = (word: string) => `case "$*" in *${word}*) true;; *) false;; esac`;

describe("a host that is asked whether it can run a VM", () => {
  let directory: string;
  const xml =
    "<domain type='kvm'><name>db-01</name><memory>1024</memory><os><type arch='x86_64' machine='pc-q35-10.0'>hvm</type></os><devices><emulator>/usr/bin/qemu</emulator></devices></domain>";
  const domain = parseDomainXml(xml)!;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "fit-"))));
  afterEach(() => rmSync(directory, { recursive: true }));

  async function fit(script: string, of: DomainDefinition = domain) {
    const file = join(directory, "virsh");
    writeFileSync(file, script);
    chmodSync(file, 0o755);
    const env = { ...process.env, PATH: `${directory}:${process.env["PATH"]}`, D: directory };
    const hosts = new Hosts(() => Promise.reject(new Error("no")), undefined, "qemu:///system", new FakeClock());
    const host = new Virsh(new LocalShell({ env }), "qemu:///system");
    return (await fitOn(hosts, host, host, of)).capabilities;
  }

  // What a daemon says of it in the language of its host, and in none that is known.
  const texts = [
    "Ungültiges Argument: Rechner wird nicht unterstützt",
    "无效参数：模拟器 machine 不支持",
    "argument invalide : emulator binary",
    "無効な引数",
    "",
  ];
  for (const text of texts) {
    it(`tells what it refuses by what it grants, not by its message: ${JSON.stringify(text)}`, async () => {
      const refused = async (when: string, of?: DomainDefinition) => {
        const answer = await fit(virsh(when, text), of);
        return answer && ("refused" in answer ? [answer.refused, answer.refusal] : "granted");
      };
      assert.equal(await refused("false"), "granted");
      assert.deepEqual(await refused(has("machine=")), ["machine", text]);
      assert.deepEqual(await refused(has("emulatorbin=")), ["emulator", text]);
      assert.deepEqual(await refused(has("virttype=")), ["virtType", text]);
      const arch = { ...domain, arch: "aarch64", emulator: undefined };
      assert.deepEqual(await refused(has("arch=aarch64"), arch), ["emulator", text]);
      // libvirt answers, but has no QEMU at all.
      assert.deepEqual(await refused("true"), ["emulator", text]);
    });
  }

  it("is not known where libvirt there does not answer, or changes its mind", async () => {
    writeFileSync(join(directory, "virsh.down"), "");
    assert.equal(await fit(virsh("true", "machine type not supported by emulator")), undefined);
    assert.equal(await fit(virsh('mkdir "$D/once" 2>/dev/null', "machine type not supported by emulator")), undefined);
  });
});

describe("what a VM with host-passthrough needs of a CPU", () => {
  const host =
    "<cpu><model>EPYC</model>\n  <feature policy='require' name='arch-capabilities'/>\n  <feature policy='require' name='ibpb'/></cpu>";

  it("is all of the host's, but for what its definition disables", () => {
    const vm =
      "<cpu mode='host-passthrough'><feature policy='disable' name='arch-capabilities'/><feature policy='require' name='ibpb'/></cpu>";
    assert.equal(
      withoutDisabled(host, vm),
      "<cpu><model>EPYC</model>\n  <feature policy='require' name='ibpb'/></cpu>",
    );
    assert.equal(withoutDisabled(host, vm.replaceAll("'", '"')), withoutDisabled(host, vm));
    assert.equal(withoutDisabled(host, "<cpu mode='host-passthrough'/>"), host);
    assert.equal(withoutDisabled(host, undefined), host);
  });
});
