import assert from "node:assert/strict";
import { parseSecrets, parseUuidTable } from "../../../provider/virsh/referred";

const [a, b] = ["55806c7d-8e93-456f-829b-607d8c198367", "7d7ad4b1-0bd3-4e54-a9c9-ab1ee4c8ca1e"];

describe("a table of UUIDs", () => {
  it("of secrets is read by their rows, with what they are for", () => {
    const text = ` ${a.toUpperCase()}   ceph client.libvirt secret   \n ${b}\n\n`;
    assert.deepEqual(parseSecrets(text), [
      { uuid: a, usage: "ceph client.libvirt secret" },
      { uuid: b, usage: "" },
    ]);
  });

  it("is read with the head that virsh without -q prints, in any language", () => {
    const text = ` UUID                                   Nutzung\n-----------------\n ${a}   no spoofing\n`;
    assert.deepEqual(parseUuidTable(text), [{ uuid: a, text: "no spoofing" }]);
  });

  it("is empty where nothing is printed, and not known where no row is one", () => {
    assert.deepEqual(parseUuidTable("\n"), []);
    assert.equal(parseUuidTable("Welcome to kvm-b\n"), undefined);
  });
});
