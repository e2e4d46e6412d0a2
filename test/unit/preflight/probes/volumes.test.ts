import assert from "node:assert/strict";
import { destinationPathsOf, volumesOn, withVolumes } from "../../../../provider/preflight/probes/volumes";
import { imagesOn } from "../../../../provider/preflight/probes/images";
import type { Virsh } from "../../../../provider/virsh/client";
import { parseDomainXml } from "../../../../provider/virsh/domainXml";

const definition = parseDomainXml(
  "<domain type='kvm'><name>db-01</name><memory unit='KiB'>2097152</memory><devices><disk type='volume' device='disk'><driver name='qemu' type='qcow2'/><source pool='default' volume='a.qcow2' index='1'/><backingStore/><target dev='vda' bus='virtio'/></disk></devices></domain>",
)!;

const auto = { mode: "auto" } as const;

describe("a disk by pool and volume", () => {
  const answers: [answer: string | undefined, type: string, path: string | undefined][] = [
    ["/var/lib/libvirt/images/a.qcow2\n\n", "file", "/var/lib/libvirt/images/a.qcow2"],
    ["/dev/vg/a\n", "block", "/dev/vg/a"],
    ["rbd/a\n", "network", undefined],
    [undefined, "volume", undefined],
  ];
  for (const [answer, type, path] of answers) {
    it(`is ${type} where virsh says ${answer?.trim() ?? "nothing"}`, async () => {
      const virsh = { inquire: () => Promise.resolve(answer) } as unknown as Virsh;
      const [disk] = (await withVolumes(virsh, definition)).disks;
      assert.deepEqual([disk!.type, disk!.path], [type, path]);
    });
  }

  const uuid = "11111111-2222-4333-8444-555555555555";
  type Answered = [what: string, answers: Record<string, string>, expected: unknown];
  const answered: Answered[] = [
    ["is there", { "vol-path": "/srv/a.qcow2\n" }, { pool: "active", path: "/srv/a.qcow2" }],
    ["has no pool", { "pool-list --all": "", "pool-list --uuid": "" }, { pool: "missing" }],
    [
      "has a pool that is not active",
      { "pool-list --all": `${uuid}\n`, "pool-list --uuid": "", "pool-uuid": `${uuid}\n` },
      { pool: "inactive" },
    ],
    [
      "has no volume",
      { "pool-list --all": `${uuid}\n`, "pool-list --uuid": `${uuid}\n`, "pool-uuid": `${uuid}\n` },
      { pool: "active", path: undefined },
    ],
    ...(["logical", "zfs", "dir"] as const).map((type): Answered => [
      `is to be made in a pool of type ${type}`,
      {
        "pool-list --all": `${uuid}\n`,
        "pool-list --uuid": `${uuid}\n`,
        "pool-uuid": `${uuid}\n`,
        "pool-dumpxml": `<pool type='${type}'><target><path>/srv/vm/</path></target><capacity unit='bytes'>9</capacity><available unit='bytes'>7</available></pool>`,
      },
      { pool: "active", path: undefined, newPath: "/srv/vm/a.qcow2", ...(type !== "dir" && { freeBytes: 7 }) },
    ]),
    [
      "is to be made in a pool of type rbd",
      {
        "pool-list --all": `${uuid}\n`,
        "pool-list --uuid": `${uuid}\n`,
        "pool-uuid": `${uuid}\n`,
        "pool-dumpxml": "<pool type='rbd'><source><name>rbd</name></source></pool>",
      },
      { pool: "active", path: undefined },
    ],
    ["is not known", {}, undefined],
  ];
  for (const [what, answers, expected] of answered) {
    it(`${what} on the destination`, async () => {
      const inquire = ({ text }: { text: string }) =>
        Promise.resolve(Object.entries(answers).find(([start]) => text.startsWith(start))?.[1]);
      const { destinationVolumes } = await volumesOn({ inquire } as unknown as Virsh, definition, auto);
      assert.deepEqual(destinationVolumes?.["vda"], expected);
    });
  }

  it("is asked for by the pool and the volume that it is mapped to", async () => {
    const asked: string[] = [];
    const inquire = ({ text }: { text: string }) => Promise.resolve(void asked.push(text));
    const options = { mode: "auto", disks: { vda: { pool: "other", volume: "b" } } } as const;
    await volumesOn({ inquire } as unknown as Virsh, definition, options);
    assert.equal(asked[0], "vol-path --pool=other --vol=b");
    assert.deepEqual(
      await volumesOn({ inquire } as unknown as Virsh, definition, { mode: "auto", disks: { vda: { path: "/a" } } }),
      {},
    );
  });

  it("is looked for on the destination at the path that it has there", async () => {
    const path = "/images/a.qcow2";
    const domain = { ...definition, disks: [{ ...definition.disks[0]!, type: "file", path }] };
    const destinationPaths = destinationPathsOf(domain, {
      destinationVolumes: { vda: { pool: "active", path: "/srv/a.qcow2" } },
      options: auto,
    });
    assert.deepEqual(destinationPaths, { [path]: "/srv/a.qcow2" });
    assert.deepEqual(
      destinationPathsOf(domain, { destinationVolumes: { vda: { pool: "active", path } }, options: auto }),
      {},
    );
    assert.deepEqual(destinationPathsOf(domain, { options: auto }), {});
    const mapped = { mode: "auto", disks: { vda: { path: "/other/a.qcow2" } } } as const;
    assert.deepEqual(destinationPathsOf(domain, { options: mapped }), { [path]: "/other/a.qcow2" });
    const volume = { mode: "auto", disks: { vda: { pool: "other", volume: "b" } } } as const;
    const inPool = { destinationVolumes: { vda: { pool: "active", path: undefined, newPath: "/pool/b" } } } as const;
    assert.deepEqual(destinationPathsOf(domain, { ...inPool, options: volume }), { [path]: "/pool/b" });
    const asked: string[] = [];
    const host = (has: string) =>
      ({
        inquireShell: ({ text }: { text: string }) => {
          asked.push(text.includes(has) ? has : "another path");
          return Promise.resolve({ stdout: `\n@@ ${has}\nexists=1\ninode=5\n\n@@ end\n` });
        },
      }) as unknown as Virsh;
    const { destinationImages, sourceImages } = await imagesOn(
      host(path),
      host("/srv/a.qcow2"),
      domain,
      destinationPaths,
    );
    assert.deepEqual(asked, [path, "/srv/a.qcow2"]);
    assert.deepEqual(
      [sourceImages, destinationImages].map((images) => images[path]?.inode),
      ["5", "5"],
    );
  });
});
