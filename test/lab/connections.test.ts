/** Multi-FD connections by the speed of the link: what QEMU has, and what a preview says. */
import assert from "node:assert/strict";
import type { Host } from "../../provider/core/model";
import type { MigrationOptions } from "../../provider/core/options";
import { problems } from "../../provider/core/problems";
import { systemClock as clock } from "../../provider/observe/clock";
import { Hosts } from "../../provider/observe/hosts";
import { moveFacts } from "../../provider/preflight/facts";
import { createDial } from "../../provider/ssh";
import { describeWithLab } from "../support/lab";
import { moveInLab } from "../support/lab-move";
import { assertMemoryIntact } from "../support/memory";
import { migrationWithCap, openLog } from "../support/monitor";

const auto = { parallel: true, parallelConnections: "auto" } as const;

describeWithLab('a move with connections: "auto"', {}, (lab) => {
  const a = () => lab().host("kvm-a");
  let uuid = "";

  before(async () => {
    await openLog(lab().hosts);
    ({ uuid } = await lab().startGuest({ name: "wide", host: "kvm-a", dirtyMiB: 4 }));
  });

  async function previewed(linkSpeed?: string): Promise<string[]> {
    const inventory = Object.fromEntries(
      Object.entries(lab().inventory()).map(([name, host]): [string, Host] => [
        name,
        { name, ...host, ...(linkSpeed && { linkSpeed }) },
      ]),
    );
    const hosts = new Hosts(createDial({ inventory }), inventory, "qemu:///system", clock);
    try {
      const options: MigrationOptions = { mode: "auto", ...auto };
      const facts = await moveFacts(
        hosts,
        { domain: { uuid, state: "running" }, command: "", how: "live", source: "kvm-a", destination: "kvm-b", options, staleImages: [] }, // prettier-ignore
        clock,
      );
      return problems(facts).flatMap(({ rule, message }) => (rule === "link-speed" ? message : []));
    } finally {
      await hosts.close();
    }
  }

  it("has one for each 10 Gbit/s of the destination's linkSpeed, at least two, in the plan and in QEMU", async function () {
    this.timeout(120_000);
    for (const [to, from, linkSpeed, connections] of [
      ["kvm-b", "kvm-a", "40Gbps", 4],
      ["kvm-a", "kvm-b", "1Gbps", 2],
    ] as const) {
      const cap = 1000 + connections;
      const { command } = await moveInLab({
        lab: lab(),
        domain: "wide",
        to,
        options: { ...auto, bandwidthMiBps: cap },
        change: (name) => (name === to ? { linkSpeed } : { linkSpeed: "100Gbps" }),
      });
      assert.match(command, new RegExp(` --parallel --parallel-connections ${connections} `));
      const { parameters, capabilities } = await migrationWithCap(lab().host(from), cap);
      assert.ok(capabilities.has("multifd"));
      assert.equal(parameters["multifd-channels"], connections);
      await assertMemoryIntact(lab(), "wide", to);
    }
  });

  it("is previewed with what the link takes, where the inventory does not say it", async function () {
    this.timeout(60_000);
    assert.deepEqual(await previewed(), []);
    await a().must("echo 40000 >/run/speed && mount --bind /run/speed /sys/class/net/eth0/speed");
    const [message] = await previewed();
    assert.match(message!, /the link of kvm-a to kvm-b has 40Gbps, enough for 4 connections; the plan has 2/);
    assert.deepEqual(await previewed("20Gbps"), []);
    await a().must("umount /sys/class/net/eth0/speed");
  });
});
