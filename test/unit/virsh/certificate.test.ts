import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { certificatesAreGood } from "../../../provider/core/problems/tls";
import { parseAuthorities, parseCertificate } from "../../../provider/virsh/certificate";
import { healthyHost, healthyMove, healthySystem } from "../../support/move-facts";

const pem = (name: string) => readFileSync(join(__dirname, "../../fixtures/authorities", `${name}.pem`), "utf8");
const [both, old, leaf] = [pem("new-and-old"), pem("old"), pem("signed-by-old")];
/** The two of a file the other way round. */
const reversed = (text: string) => text.split(/(?<=-----END CERTIFICATE-----\n)/).toReversed().join(""); // prettier-ignore

describe("the certificates of a host", () => {
  const identities = (text: string) => parseAuthorities("ca-cert.pem", text).map(({ identity }) => identity);

  it("are signed by the authority of any place in the file", () => {
    const [oldOne] = identities(old);
    assert.deepEqual(identities(both)[1], oldOne);
    for (const file of [both, reversed(both), old]) {
      assert.deepEqual(parseCertificate("server-cert.pem", leaf, file)!.signers, [oldOne]);
    }
    assert.deepEqual(parseCertificate("server-cert.pem", leaf, reversed(both).replace(old, ""))!.signers, []);
    assert.deepEqual(parseCertificate("server-cert.pem", leaf)!.signers, []);
  });

  it("say as much with their chain in the file, and end where that goes in a circle", () => {
    const [oldOne] = identities(old);
    assert.deepEqual(parseCertificate("server-cert.pem", leaf + old)!.signers, [oldOne]);
    assert.deepEqual(parseCertificate("server-cert.pem", leaf + old.repeat(20), both)!.signers, [oldOne]);
  });

  it("are good while an authority replaces another, host by host", () => {
    const on = (host: string, authorities: string) => {
      const certificate = (file: string) => parseCertificate(file, leaf, authorities);
      return healthyHost(host, {
        system: healthySystem(host, {
          certificates: {
            directory: "/etc/pki/qemu",
            authorities: parseAuthorities("ca-cert.pem", authorities),
            server: certificate("server-cert.pem"),
            client: certificate("client-cert.pem"),
            missingKeys: [],
          },
        }),
      });
    };
    for (const [onSource, onDestination] of [
      [both, old],
      [old, both],
      [reversed(both), old],
      [both, reversed(both)],
    ] as const) {
      const nowMs = Date.UTC(2027, 0, 1);
      const options = { tls: true, tlsDestination: "plain" };
      const facts = healthyMove({
        source: on("kvm-a", onSource),
        destination: on("kvm-b", onDestination),
        nowMs,
        options,
      });
      assert.deepEqual(
        certificatesAreGood(facts).filter(({ message }) => !message.includes("is not valid for")),
        [],
      );
    }
  });
});
