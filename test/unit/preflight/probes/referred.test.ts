import assert from "node:assert/strict";
import { referredOn } from "../../../../provider/preflight/probes/referred";
import type { Virsh } from "../../../../provider/virsh/client";
import { parseDomainXml } from "../../../../provider/virsh/domainXml";

const uuid = "55806c7d-8e93-456f-829b-607d8c198367";
const domain = (devices: string) =>
  parseDomainXml(`<domain type='kvm'><name>db-01</name><memory>1</memory><devices>${devices}</devices></domain>`)!;
const secret = (usage: string) =>
  `<disk type='network'><source protocol='rbd' name='p/i'><auth><secret type='ceph' usage='${usage}'/></auth></source><target dev='vda'/></disk>`;
const filter = "<interface type='bridge'><filterref filter='no spoofing'/></interface>";

describe("the secrets and filters of the destination", () => {
  const asked: string[] = [];
  const virsh = (answers: Record<string, string>) =>
    ({
      inquire: ({ text }: { text: string }) => {
        asked.push(text);
        return Promise.resolve(answers[text]);
      },
    }) as unknown as Virsh;
  beforeEach(() => void asked.splice(0));

  it("are asked for where the VM needs some", async () => {
    const answers = { "secret-list": ` ${uuid}   ceph a b\n`, "nwfilter-list": ` ${uuid}   no spoofing\n` };
    assert.deepEqual(await referredOn(virsh(answers), domain(secret("a b") + filter)), {
      destinationSecrets: [{ uuid, usage: "ceph a b" }],
      destinationFilters: ["no spoofing"],
    });
    const nothing = { destinationSecrets: undefined, destinationFilters: undefined };
    assert.deepEqual(await referredOn(virsh({}), domain(secret("a") + filter)), nothing);
    assert.equal(asked.length, 4);
    asked.splice(0);
    for (const each of [domain(""), undefined]) assert.deepEqual(await referredOn(virsh(answers), each), nothing);
    assert.deepEqual(
      await referredOn(virsh(answers), domain(secret("aö"))),
      nothing,
      "as virsh shows it, it is not known",
    );
    assert.deepEqual(asked, []);
  });
});
