import assert from "node:assert/strict";
import type { Host } from "../../../provider/core/model";
import { makePeerUri } from "../../../provider/core/peerUri";
import { type MigrationOptions, type OptionName, optionNames, optionTable } from "../../../provider/core/options";
import { parseInputs } from "../../../provider/schema";
import { makePlan, resumeCommand, setMaxDowntimeCommand } from "../../../provider/virsh/migrateCommand";
import { parseHelpOptions } from "../../../provider/virsh/parse";
import { fixture } from "../../support/fixture";

const kvmB: Host = { name: "kvm-b", address: "10.0.0.12" };

function planFor(options: Partial<MigrationOptions>, host: Host = kvmB, domain = "db-01", uri = "qemu:///system") {
  return makePlan({
    domain,
    hosts: [host.name],
    anyOf: false,
    options: { mode: "auto", ...options },
    inventory: { [host.name]: host },
    uri,
  });
}

describe("the commands of a plan", () => {
  const always = "--p2p --persistent --undefinesource";

  it("are one for a running and one for a shut-off VM", () => {
    assert.deepEqual(planFor({}), {
      live: `virsh migrate --live ${always} db-01 qemu+ssh://10.0.0.12/system`,
      offline: `virsh migrate --offline ${always} db-01 qemu+ssh://10.0.0.12/system`,
    });
  });

  it("have one connection for each 10 Gbit/s of the destination's link, at least two, where the number is left to it", () => {
    const planned = (host: Partial<Host>) =>
      / --parallel-connections (\d+) /.exec(
        planFor({ parallel: true, parallelConnections: "auto" }, { ...kvmB, ...host }).live as string,
      )?.[1];
    const speeds = ["1Gbps", "10Gbps", "25Gbps", "2500Mbps", "40Gbps", "100Gbps", "999999Gbps"];
    assert.deepEqual(
      speeds.map((linkSpeed) => planned({ linkSpeed })),
      ["2", "2", "3", "2", "4", "10", "255"],
    );
    assert.equal(planned({}), "2");
    const host: Host = { ...kvmB, linkSpeed: "100Gbps" };
    assert.match(
      resumeCommand("db-01", host, { mode: "auto", parallel: true, parallelConnections: "auto" }, "qemu:///system"),
      / --parallel-connections 10 /,
    );
  });

  it("come with what is done while it runs, and when, where steps of convergence are given", () => {
    const { migration } = parseInputs({
      domain: "db-01",
      host: "kvm-b",
      migration: {
        timeout: "10m",
        convergence: [
          { pass: 3, do: "throttle" },
          { stalled: "20s", do: { raiseDowntime: "800ms" } },
          { after: "1m", do: { bandwidth: "2GiB/s" } },
          { stalled: "1m", do: "postCopy" },
        ],
      },
    }).inputs;
    const { live, during } = planFor(migration!);
    assert.match(live as string, / --postcopy --auto-converge /);
    assert.deepEqual(
      during?.map((line) => line.replace(/(?<=--auto-converge).*/, "")),
      [
        "pass 3 over the memory has begun: nothing to run, it says how far QEMU slows the VM: --auto-converge",
        "no closer to its end for 20 s: virsh migrate-setmaxdowntime db-01 800",
        "1 min after the start: virsh migrate-setspeed db-01 2048",
        "no closer to its end for 1 min: virsh migrate-postcopy db-01",
        "10 min after the start: virsh domjobabort db-01",
      ],
    );
    assert.equal(planFor({ timeoutMs: 300_000 }).during, undefined);
  });

  it("say what the XML has that they are given; a post-copy is resumed without", () => {
    const disks = { vda: { path: "/srv/db.qcow2" }, sda: { pool: "vms", volume: "log" } };
    const networks = { br0: "br-lan", default: { bridge: "br1" }, br2: { network: "lan" } };
    assert.deepEqual(planFor({ disks, networks }).mapped, [
      "disk vda: /srv/db.qcow2",
      "disk sda: volume log of the pool vms",
      "network br0: br-lan",
      "network default: bridge br1",
      "network br2: libvirt network lan",
    ]);
    assert.equal(planFor({}).mapped, undefined);
    assert.doesNotMatch(resumeCommand("db-01", kvmB, { mode: "auto", disks, networks }, "qemu:///system"), /xml/);
  });

  it("are only those that the mode allows", () => {
    assert.deepEqual(Object.keys(planFor({ mode: "live" })), ["live"]);
    assert.deepEqual(Object.keys(planFor({ mode: "offline" })), ["offline"]);
  });

  describe("have each option in virsh's words", () => {
    const golden: Record<Exclude<OptionName, "mode">, [Partial<MigrationOptions>, flags: string]> = {
      postCopy: [{ postCopy: true }, "--postcopy"],
      postCopyAfterMs: [{ postCopy: true, postCopyAfterMs: 20_000 }, "--postcopy"],
      postCopyBandwidthMiBps: [{ postCopy: true, postCopyBandwidthMiBps: 500 }, "--postcopy --postcopy-bandwidth 500"],
      parallel: [{ parallel: true }, "--parallel"],
      parallelConnections: [{ parallel: true, parallelConnections: 4 }, "--parallel --parallel-connections 4"],
      autoConverge: [{ autoConverge: true }, "--auto-converge"],
      autoConvergeInitial: [
        { autoConverge: true, autoConvergeInitial: 20 },
        "--auto-converge --auto-converge-initial 20",
      ],
      autoConvergeIncrement: [
        { autoConverge: true, autoConvergeInitial: 20, autoConvergeIncrement: 10 },
        "--auto-converge --auto-converge-initial 20 --auto-converge-increment 10",
      ],
      maxDowntimeMs: [{ maxDowntimeMs: 500 }, ""],
      maxDowntimeAfterMs: [{ maxDowntimeMs: 500, maxDowntimeAfterMs: 30_000 }, ""],
      bandwidthMiBps: [{ bandwidthMiBps: 1024 }, "--bandwidth 1024"],
      timeoutMs: [{ timeoutMs: 300_000 }, ""],
      onTimeout: [{ timeoutMs: 300_000, onTimeout: "suspend" }, ""],
      convergence: [{ convergence: [{ when: { pass: 3 }, action: { kind: "abort" } }] }, ""],
      tls: [{ tls: true }, "--tls"],
      tlsDestination: [{ tls: true, tlsDestination: "kvm-b.example.net" }, "--tls --tls-destination kvm-b.example.net"],
      tunnelled: [{ tunnelled: true }, "--tunnelled"],
      compressionMethods: [{ compressionMethods: ["xbzrle", "mt"] }, "--comp-methods xbzrle,mt --compressed"],
      compressionXbzrleCacheBytes: [
        { compressionMethods: ["xbzrle"], compressionXbzrleCacheBytes: 67_108_864 },
        "--comp-methods xbzrle --comp-xbzrle-cache 67108864 --compressed",
      ],
      compressionZlibLevel: [
        { parallel: true, compressionMethods: ["zlib"], compressionZlibLevel: 0 },
        "--parallel --comp-methods zlib --comp-zlib-level 0 --compressed",
      ],
      compressionZstdLevel: [
        { parallel: true, compressionMethods: ["zstd"], compressionZstdLevel: 3 },
        "--parallel --comp-methods zstd --comp-zstd-level 3 --compressed",
      ],
      compressionMtLevel: [
        { compressionMethods: ["mt"], compressionMtLevel: 1 },
        "--comp-methods mt --comp-mt-level 1 --compressed",
      ],
      compressionMtThreads: [
        { compressionMethods: ["mt"], compressionMtThreads: 8 },
        "--comp-methods mt --comp-mt-threads 8 --compressed",
      ],
      compressionMtDecompressThreads: [
        { compressionMethods: ["mt"], compressionMtDecompressThreads: 2 },
        "--comp-methods mt --comp-mt-dthreads 2 --compressed",
      ],
      zeroCopy: [{ parallel: true, zeroCopy: true }, "--parallel --zerocopy"],
      copyStorage: [{ copyStorage: "all" }, "--copy-storage-all"],
      copyStorageDisks: [
        { copyStorage: "incremental", copyStorageDisks: ["vda", "vdb"] },
        "--copy-storage-inc --migrate-disks vda,vdb",
      ],
      copyStoragePort: [{ copyStorage: "all", copyStoragePort: 49_200 }, "--copy-storage-all --disks-port 49200"],
      copyStorageSynchronousWrites: [
        { copyStorage: "all", copyStorageSynchronousWrites: true },
        "--copy-storage-all --copy-storage-synchronous-writes",
      ],
      copyStorageDetectZeroes: [
        { copyStorage: "all", copyStorageDetectZeroes: ["vda"] },
        "--copy-storage-all --migrate-disks-detect-zeroes vda",
      ],
      copyStorageCreateImages: [{ copyStorage: "all", copyStorageCreateImages: true }, "--copy-storage-all"],
      disks: [{ disks: { vda: { path: "/srv/db.qcow2" } } }, "--xml /dev/fd/3 --persistent-xml /dev/fd/4"],
      networks: [{ networks: { br0: "br-lan" } }, "--xml /dev/fd/3 --persistent-xml /dev/fd/4"],
      switchoverBandwidthMiBps: [{ switchoverBandwidthMiBps: 800 }, "--available-switchover-bandwidth 800"],
      listenAddress: [{ listenAddress: "10.9.0.12" }, "--listen-address 10.9.0.12"],
      graphicsUri: [{ graphicsUri: "spice://b:5900?tls=1" }, "--graphicsuri 'spice://b:5900?tls=1'"],
      changeProtection: [{ changeProtection: true }, "--change-protection"],
      abortOnError: [{ abortOnError: true }, "--abort-on-error"],
      unsafe: [{ unsafe: true }, "--unsafe"],
      accept: [{ accept: ["host-devices"] }, ""],
    };
    for (const [name, [options, flags]] of Object.entries(golden)) {
      it(`${optionTable[name as OptionName].input}: ${flags || "none, the provider does it"}`, () =>
        assert.equal(
          planFor(options).live,
          `virsh migrate --live ${[always, flags].filter(Boolean).join(" ")} db-01 qemu+ssh://10.0.0.12/system`,
        ));
    }

    it("and none of them for a VM that is shut off, but what makes sense there", () => {
      for (const [name, [options, flags]] of Object.entries(golden)) {
        const same = ["unsafe", "disks", "networks"].includes(name);
        assert.equal(
          planFor(options).offline,
          `virsh migrate --offline ${always}${same ? ` ${flags}` : ""} db-01 qemu+ssh://10.0.0.12/system`,
        );
      }
    });

    it("that the newest recorded virsh has, all at once", () => {
      const everything = Object.assign(
        { mode: "auto" },
        ...Object.values(golden).map(([options]) => options),
      ) as MigrationOptions;
      assert.deepEqual(
        optionNames.filter((name) => everything[name] === undefined),
        [],
      );
      const help = parseHelpOptions(fixture("12.8.0", "help-migrate"));
      const used = (planFor(everything, { ...kvmB, migrationAddress: "10.9.0.12" }).live as string).match(
        /--[a-z0-9-]+/g,
      )!;
      assert.deepEqual(
        used.filter((flag) => !help.has(flag)),
        [],
      );
      assert.equal(new Set(used).size, used.length);
    });

    it("but not one that is false", () => {
      const off = Object.fromEntries(
        optionNames.filter((name) => optionTable[name].kind.type === "flag").map((name) => [name, false]),
      );
      assert.deepEqual(planFor(off), planFor({}));
    });
  });

  describe("set the maximum downtime before the start", () => {
    it("where it has no time of its own", () => {
      assert.deepEqual(planFor({ maxDowntimeMs: 500 }).before, ["virsh migrate-setmaxdowntime db-01 500"]);
      assert.deepEqual(planFor({ mode: "live", maxDowntimeMs: 500 }).before, [
        "virsh migrate-setmaxdowntime db-01 500",
      ]);
    });
    it("not where it is raised later, and not for an offline migration", () => {
      assert.equal(planFor({ maxDowntimeMs: 500, maxDowntimeAfterMs: 1000 }).before, undefined);
      assert.equal(planFor({ mode: "offline", maxDowntimeMs: 500 }).before, undefined);
    });
  });

  describe("reach the destination's libvirt", () => {
    const uris: [host: Omit<Host, "name">, uri: string][] = [
      [{}, "qemu+ssh://kvm-b/system"],
      [{ address: "10.0.0.12" }, "qemu+ssh://10.0.0.12/system"],
      [{ address: "10.0.0.12", user: "root", port: 2222 }, "qemu+ssh://10.0.0.12/system"],
      [{ address: "10.0.0.12", peerAddress: "kvm-b.internal" }, "qemu+ssh://kvm-b.internal/system"],
      [{ address: "10.0.0.12", peerUser: "migrate" }, "qemu+ssh://migrate@10.0.0.12/system"],
      [{ address: "10.0.0.12", peerPort: 2222 }, "qemu+ssh://10.0.0.12:2222/system"],
      [{ peerAddress: "fd00::12" }, "qemu+ssh://[fd00::12]/system"],
      [{ peerAddress: "[fd00::12]" }, "qemu+ssh://[fd00::12]/system"],
      [{ peerAddress: "fe80::1%eth0" }, "qemu+ssh://[fe80::1%25eth0]/system"],
      [{ peerAddress: "fd00::12", peerUser: "migrate", peerPort: 2222 }, "qemu+ssh://migrate@[fd00::12]:2222/system"],
      [{ peerTransport: "ssh" }, "qemu+ssh://kvm-b/system"],
      [{ peerTransport: "tls" }, "qemu+tls://kvm-b/system"],
      [{ peerTransport: "tls", peerAddress: "fd00::12", peerPort: 16_600 }, "qemu+tls://[fd00::12]:16600/system"],
      [{ peerTransport: "tcp", peerUser: "migrate" }, "qemu+tcp://migrate@kvm-b/system"],
      [{ peerKeyfile: "/root/.ssh/migrate" }, "qemu+ssh://kvm-b/system?keyfile=/root/.ssh/migrate"],
      [
        { peerKeyfile: "/keys/a b&c=d'é", peerProxy: "native" },
        "qemu+ssh://kvm-b/system?keyfile=/keys/a%20b%26c%3Dd%27%C3%A9&proxy=native",
      ],
      [
        { peerTransport: "tls", peerPkipath: "/etc/pki/migrate", peerTlsPriority: "NORMAL:-VERS-ALL:+VERS-TLS1.3" },
        "qemu+tls://kvm-b/system?pkipath=/etc/pki/migrate&tls_priority=NORMAL:-VERS-ALL:%2BVERS-TLS1.3",
      ],
    ];
    for (const [host, uri] of uris) {
      it(`by ${uri}`, () => assert.equal(makePeerUri({ name: "kvm-b", ...host }), uri));
    }

    const names: [name: string, uri: string][] = [
      ["root@kvm-b", "qemu+ssh://root@kvm-b/system"],
      ["root@kvm-b:2222", "qemu+ssh://root@kvm-b:2222/system"],
      ["kvm-b:2222", "qemu+ssh://kvm-b:2222/system"],
      ["root@fd00::12", "qemu+ssh://root@[fd00::12]/system"],
      ["fd00::12", "qemu+ssh://[fd00::12]/system"],
      ["[fd00::12]", "qemu+ssh://[fd00::12]/system"],
      ["root@[fd00::12]:2222", "qemu+ssh://root@[fd00::12]:2222/system"],
      ["[fe80::1%eth0]:22", "qemu+ssh://[fe80::1%25eth0]:22/system"],
      ["::ffff:10.0.0.12", "qemu+ssh://[::ffff:10.0.0.12]/system"],
    ];
    for (const [name, uri] of names) {
      it(`without an inventory, ${name} by ${uri}`, () => assert.equal(makePeerUri({ name }), uri));
    }

    it("by an inventory's address, whatever else its name would say", () => {
      assert.equal(makePeerUri({ name: "fd00::12", address: "10.0.0.12" }), "qemu+ssh://10.0.0.12/system");
    });

    it("quoted where a shell would read what stands behind the path", () => {
      const host: Host = { name: "kvm-b", peerKeyfile: "/keys/it's&" };
      assert.match(planFor({}, host).live as string, / 'qemu\+ssh:\/\/kvm-b\/system\?keyfile=\/keys\/it%27s%26'$/);
      assert.match(planFor({}, host).offline as string, / 'qemu\+ssh:\/\/kvm-b\/system\?keyfile=\/keys\/it%27s%26'$/);
    });

    it("by the same URI where an interrupted post-copy is resumed", () => {
      const host: Host = { name: "kvm-b", peerTransport: "tls", peerPkipath: "/etc/pki/migrate" };
      assert.equal(
        resumeCommand("db-01", host, { mode: "auto" }, "qemu:///system"),
        `virsh migrate --live ${always} --postcopy --postcopy-resume db-01 'qemu+tls://kvm-b/system?pkipath=/etc/pki/migrate'`,
      );
    });

    it("quoted where a shell would read brackets", () => {
      assert.match(
        planFor({}, { name: "kvm-b", address: "fd00::12" }).live as string,
        / db-01 'qemu\+ssh:\/\/\[fd00::12\]\/system'$/,
      );
    });
  });

  it("send the data to the destination's migration address, not through a tunnel", () => {
    const at = (migrationAddress: string, options = {}) =>
      planFor(options, { ...kvmB, migrationAddress }).live as string;
    assert.match(at("10.9.0.12"), / --migrateuri tcp:\/\/10\.9\.0\.12 db-01 /);
    assert.match(at("[fd00::12]"), / --migrateuri 'tcp:\/\/\[fd00::12\]' db-01 /);
    assert.match(at("fe80::1%eth0"), / --migrateuri 'tcp:\/\/\[fe80::1%25eth0\]' db-01 /);
    assert.match(at("fd00::12"), / --migrateuri 'tcp:\/\/\[fd00::12\]' db-01 /);
    assert.doesNotMatch(at("10.9.0.12", { tunnelled: true }), /migrateuri/);
    assert.doesNotMatch(planFor({}, { ...kvmB, migrationAddress: "10.9.0.12" }).offline as string, /migrateuri/);
    assert.match(
      planFor({}, { ...kvmB, migrationAddress: "fd00::12", migrationPort: 49_160 }).live as string,
      / --migrateuri 'tcp:\/\/\[fd00::12\]:49160' /,
    );
  });

  it("quote a domain's name", () => {
    assert.match(planFor({}, kvmB, "web server's").live as string, / 'web server'\\''s' qemu/);
    assert.equal(
      setMaxDowntimeCommand("web server", 500, "qemu:///system"),
      "virsh migrate-setmaxdowntime 'web server' 500",
    );
  });

  it("name the libvirt URI of the source where it is not the default", () => {
    const plan = planFor({ maxDowntimeMs: 500 }, kvmB, "db-01", "qemu:///system?socket=/run/x&mode=direct");
    const virsh = "virsh -c 'qemu:///system?socket=/run/x&mode=direct'";
    assert.equal(plan.live, `${virsh} migrate --live ${always} db-01 qemu+ssh://10.0.0.12/system`);
    assert.deepEqual(plan.before, [`${virsh} migrate-setmaxdowntime db-01 500`]);
  });

  it("are keyed by destination where any of several will do, one included", () => {
    const many = (hosts: string[]) =>
      makePlan({
        domain: "db-01",
        hosts,
        anyOf: true,
        options: { mode: "live" },
        inventory: { "kvm-b": kvmB },
        uri: "qemu:///system",
      });
    assert.deepEqual(many(["kvm-b", "kvm-c"]), {
      live: {
        "kvm-b": `virsh migrate --live ${always} db-01 qemu+ssh://10.0.0.12/system`,
        "kvm-c": `virsh migrate --live ${always} db-01 qemu+ssh://kvm-c/system`,
      },
    });
    assert.deepEqual(Object.keys(many(["kvm-b"]).live as object), ["kvm-b"]);
  });
});
