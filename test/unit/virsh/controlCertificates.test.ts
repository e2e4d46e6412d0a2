import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clientCertificatesScript, parseControlCertificates } from "../../../provider/virsh/controlCertificates";
import { LocalShell } from "../../support/local-shell";

const pem = (name: string) => readFileSync(join(__dirname, "../../fixtures/authorities", `${name}.pem`), "utf8");

describe("the certificates of libvirt's own connection", () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "pki 'of' "))));
  afterEach(() => rmSync(directory, { recursive: true }));

  const read = async () => {
    const { stdout } = await new LocalShell().exec(clientCertificatesScript(directory).text);
    return parseControlCertificates("kvm-a", stdout);
  };

  it("are read from the directory that the URI names", async () => {
    writeFileSync(join(directory, "cacert.pem"), pem("new-and-old"));
    writeFileSync(join(directory, "clientcert.pem"), pem("signed-by-old"));
    writeFileSync(join(directory, "clientkey.pem"), "");
    const side = await read();
    assert.equal(side!.certificateFile, `${directory}/clientcert.pem`);
    assert.equal(side!.authorities.length, 2);
    assert.deepEqual(side!.certificate!.signers, [side!.authorities[1]!.identity]);
    assert.equal(side!.keyIsMissing, false);
  });

  it("are known to be missing, one by one", async () => {
    const side = await read();
    assert.deepEqual([side!.authorities, side!.certificate, side!.keyIsMissing], [[], undefined, true]);
    assert.equal(side!.keyFile, `${directory}/clientkey.pem`);
  });

  it("are not known where this account may not read them, or the answer is cut off", async function () {
    assert.equal(parseControlCertificates("kvm-a", "\n@@ files\n/a\n/b\n/c\n"), undefined);
    if (process.getuid!() === 0) return this.skip();
    writeFileSync(join(directory, "cacert.pem"), pem("old"));
    chmodSync(join(directory, "cacert.pem"), 0o000);
    assert.equal(await read(), undefined);
  });
});
