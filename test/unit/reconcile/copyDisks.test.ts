import assert from "node:assert/strict";
import type { ImageToCopy } from "../../../provider/core/imageCopy";
import type { Migration } from "../../../provider/core/migration";
import { systemClock as clock } from "../../../provider/observe/clock";
import type { Hosts } from "../../../provider/observe/hosts";
import { copyDisks } from "../../../provider/reconcile/copyDisks";
import type { ShellScript } from "../../../provider/virsh/shellScript";

const image: ImageToCopy = { disk: "vda", path: "/images/a.qcow2", destinationPath: "/srv/a.qcow2", pool: "my pool", isBlock: false, bytes: 1, allocatedBytes: 1, known: false }; // prettier-ignore
const migration = {
  domain: { name: "db-01", uuid: "5c1e2f0a-6d0b-4f8e-9a37-0c1d2e3f4a5b" },
  source: "kvm-a",
  destination: "kvm-b",
  peer: "qemu+ssh://kvm-b/system",
  options: {},
} as unknown as Migration;

describe("disks that were copied into a storage pool", () => {
  for (const [refreshed, warned] of [
    ["", 0],
    [undefined, 1],
  ] as const) {
    it(`have it refreshed after the move${warned ? ", or this is said" : ""}`, async () => {
      const asked: string[] = [];
      const warnings: string[] = [];
      const host = (name: string) => ({
        host: name,
        run: ({ text }: ShellScript) =>
          Promise.resolve({ code: 0, stdout: text.includes("echo reused") ? "reused\n" : "d", stderr: "" }),
        inquire: ({ text }: { text: string }) => {
          asked.push(`${name}: ${text}`);
          return Promise.resolve(refreshed);
        },
      });
      const hosts = { on: (name: string) => Promise.resolve(host(name)) } as unknown as Hosts;
      const progress = { live: () => {}, info: () => {}, warn: (text: string) => void warnings.push(text) };
      const copies = await copyDisks(hosts, migration, [image], { clock, progress });
      assert.deepEqual(asked, []);
      await copies.settle();
      assert.deepEqual(asked, ["kvm-b: pool-refresh --pool='my pool'"]);
      assert.equal(warnings.length, warned);
      assert.match(copies.description, /a\.qcow2 \(\/srv\/a\.qcow2 on kvm-b\)/);
    });
  }
});
