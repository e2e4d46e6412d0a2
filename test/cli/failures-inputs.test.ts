import assert from "node:assert/strict";
import type { ErrorCode } from "../../provider/core/errorCodes";
import { describeWithStack } from "../support/stack";
import { assertFailed, assertPartial, diagnosticsOf, hostsSay } from "../support/failure";

describeWithStack("inputs that cannot be", {}, (lab, stack) => {
  const db = { domain: "db-01", host: "kvm-b" };
  const refused: [title: string, args: Record<string, unknown>, says: RegExp[]][] = [
    [
      "conflicting options, all at once",
      { ...db, migration: { mode: "offline", parallel: true, postCopy: true, tunnelled: true, onTimeout: "postCopy" } },
      [
        /`parallel` needs a live migration and `mode` is "offline".*\[conflictingOptions\]/,
        /`postCopy` cannot go with `tunnelled`.*\[conflictingOptions\]/,
        /`parallel` cannot go with `tunnelled`.*\[conflictingOptions\]/,
        /`onTimeout` needs `timeout: "5m"`.*\[conflictingOptions\]/,
      ],
    ],
    [
      "a timeout that shall switch to post-copy without post-copy",
      { ...db, migration: { timeout: "5m", onTimeout: "postCopy" } },
      [/`onTimeout: "postCopy"` needs `postCopy: true`.*\[conflictingOptions\]/],
    ],
    [
      "post-copy that would never begin",
      { ...db, migration: { postCopy: true, onTimeout: "abort", timeout: "5m" } },
      [/it would never switch: say when.*\[conflictingOptions\]/],
    ],
    [
      "bare numbers, bad units and unknown fields",
      { ...db, migration: { timeout: 30, maxDowntime: "500", bandwidth: "fast", postcopy: true } },
      [
        /got 30; expected a duration .* with its unit .*, for example "5m".*\[invalidInput\]/,
        /got "500"; expected a duration .*\[invalidInput\]/,
        /got "fast"; expected a rate in whole MiB\/s .*\[invalidInput\]/,
        /unknown field "postcopy" \(did you mean postCopy\?\).*\[invalidInput\]/,
      ],
    ],
    [
      "a host that is not known",
      { ...db, host: "kvm-bb" },
      [/"kvm-bb" is neither in the inventory .* write kvm-b.*pulumi config set --path.*\[unknownHost\]/],
    ],
  ];

  before(async () => {
    await lab().startGuest({ name: "db-01", host: "kvm-a", disk: "none", memoryMiB: 32 });
    // Nothing here may need a host.
    for (const host of lab().hosts) await host.stopSshd();
  });

  for (const [title, args, says] of refused) {
    it(`are refused before any host is asked: ${title}`, async () => {
      const before = await hostsSay(lab());
      stack().declare({ db: { args } });
      const result = await stack().up();
      assert.notEqual(result.code, 0, result.stdout);
      const text = diagnosticsOf(result).get("db") ?? result.stderr;
      for (const what of says) {
        assert.match(text, what);
        assert.equal(text.split(what).length, 2, `not once: ${String(what)}\n${text}`);
      }
      assert.doesNotMatch(result.stdout + result.stderr, /unexpected unknown|^\s+at .*:\d+/m);
      assert.equal(stack().resource("db"), undefined);
      assert.deepEqual(await hostsSay(lab()), before);
    });
  }

  it("are refused in the stack's settings too", async () => {
    stack().declare({ db: { args: db } });
    stack().configure({ "vm-placement:onInterrupt": "stop" });
    const { code, stdout, stderr } = await stack().up();
    stack().configure({ "vm-placement:onInterrupt": undefined });
    assert.notEqual(code, 0);
    assert.match(
      stdout + stderr,
      /got "stop"; expected "leave" .* or "abort" .*`pulumi config set vm-placement:onInterrupt abort` \[invalidInput\]/,
    );
    assert.equal(stack().resource("db"), undefined);
  });

  it("stop a preview too, with the same words", async () => {
    const [, args, says] = refused[0]!;
    stack().declare({ db: { args } });
    const { code, stdout, stderr } = await stack().preview();
    assert.notEqual(code, 0, stdout + stderr);
    for (const what of says) assert.match(stdout + stderr, what);
  });
});

describeWithStack("VMs that cannot be moved as they are", {}, (lab, stack) => {
  const to = (domain: string, migration?: unknown) => ({
    args: { domain, host: "kvm-b", ...(migration ? { migration } : {}) },
  });
  const small = { host: "kvm-a", memoryMiB: 32, disk: "none" } as const;
  const filed = { host: "kvm-a", memoryMiB: 32, disk: "file", dirtyMiB: 1, dirtyRate: 1 } as const;

  before(async () => {
    const [a, b] = [lab().host("kvm-a"), lab().host("kvm-b")];
    await lab().startGuest({ ...small, name: "running" });
    await lab().startGuest({ ...small, name: "off", state: "shutOff" });
    await lab().startGuest({ ...small, name: "paused", state: "paused" });
    await lab().startGuest({ ...small, name: "saved" });
    await a.virsh("managedsave saved");
    // Shut off on one side: two that run would be one disk with two writers.
    await lab().startGuest({ ...small, name: "double" });
    await lab().startGuest({ ...small, name: "double", host: "kvm-b", state: "shutOff" });
    const { uuid } = await lab().startGuest({ ...small, name: "both", state: "shutOff" });
    await lab().startGuest({ ...small, name: "both", host: "kvm-b", state: "shutOff", uuid });
    for (const name of ["local", "missing", "size"]) await lab().startGuest({ ...filed, name });
    await b.must("rm /var/lib/libvirt/images/missing.img; truncate -s 8M /var/lib/libvirt/images/size.img");
    // An internal snapshot wants qcow2; of a VM's memory alone the record is enough.
    await lab().startGuest({ ...small, name: "snapshot" });
    await a.must("virsh snapshot-create-as snapshot one --memspec file=/var/lib/libvirt/snapshot.memory");
  });

  it("are left as they are: what no move is tried for leaves nothing in the state", async () => {
    const before = await hostsSay(lab());
    stack().declare({
      gone: to("gone"),
      double: to("double"),
      both: to("both"),
      liveOfOff: to("off", { mode: "live" }),
      offlineOfRunning: to("running", { mode: "offline" }),
      postCopyOfPaused: to("paused", { postCopy: { after: "5s" } }),
      saved: to("saved"),
    });
    const result = await stack().up(["--continue-on-error"]);
    assertFailed(
      result,
      "gone",
      "domainMissing",
      "cannot place gone on kvm-b",
      /kvm-[ab] and kvm-[ab]/,
      "virsh list --all",
    );
    assertFailed(result, "double", "domainConflict", /UUID \S+ on kvm-/, "to the UUID of the right one");
    assertFailed(result, "both", "domainOnTwoHosts", /kvm-[ab].* and kvm-[ab]/, "virsh undefine --keep-nvram both");
    assertFailed(result, "liveOfOff", "domainStateUnfit", 'shut off on kvm-a, but migration.mode is "live"', '"auto"');
    assertFailed(
      result,
      "offlineOfRunning",
      "domainStateUnfit",
      'migration.mode is "offline"',
      "virsh shutdown running",
    );
    assertFailed(result, "postCopyOfPaused", "domainStateUnfit", "paused (user) on kvm-a", "virsh resume paused");
    assertFailed(result, "saved", "domainStateUnfit", "managed save", "virsh managedsave-remove saved");
    for (const name of diagnosticsOf(result).keys()) assert.equal(stack().resource(name), undefined);
    assert.deepEqual(await hostsSay(lab()), before);
  });

  it("stay where they are when the move is refused: the state says where, and why", async () => {
    const before = await hostsSay(lab());
    const known = await lab().host("kvm-a").must("virsh help migrate");
    const tooNew = [
      "switchoverBandwidth",
      "--available-switchover-bandwidth",
      { switchoverBandwidth: "100MiB/s" },
    ] as const;
    const failing: Record<string, { args: ReturnType<typeof to>; code: ErrorCode; says: (string | RegExp)[] }> = {
      local: {
        args: to("local"),
        code: "unsafeStorage",
        says: ["cannot move local from kvm-a to kvm-b", /local\.img|Unsafe migration/, "copyStorage"],
      },
      missing: {
        args: to("missing", { copyStorage: "all" }),
        code: "unsafeStorage",
        says: [/missing\.img|Storage pool not found/, "qemu-img create"],
      },
      size: {
        args: to("size", { copyStorage: "all" }),
        code: "unsafeStorage",
        says: [/size\.img|different sizes/, "qemu-img create"],
      },
      snapshot: {
        args: to("snapshot"),
        code: "migrationRefused",
        says: [/snapshot/, "virsh snapshot-delete snapshot"],
      },
      ...(!known.includes(tooNew[1]) && {
        tooNew: {
          args: to("running", tooNew[2]),
          code: "optionUnsupported",
          says: ["preflight, on kvm-a", `does not know ${tooNew[1]}`, `leave out migration.${tooNew[0]}`, "11.1.0"],
        },
      }),
    };
    stack().declare(Object.fromEntries(Object.entries(failing).map(([name, { args }]) => [name, args])));
    const result = await stack().up(["--continue-on-error"]);
    for (const [name, { code, says }] of Object.entries(failing)) {
      const text = assertFailed(result, name, code, ...says);
      assertPartial(stack(), name, { host: "kvm-a", code, text });
    }
    assert.deepEqual(await hostsSay(lab()), before);
  });

  it("go on from there once the program is fixed", async () => {
    stack().declare({ local: to("local", { copyStorage: "all" }) });
    const { code, stdout } = await stack().up();
    assert.equal(code, 0, stdout);
    assert.match(stdout, /moved kvm-a → kvm-b/);
    const resource = stack().resource("local")!;
    assert.equal(resource.initErrors, undefined);
    assert.equal(resource.outputs!["currentHost"], "kvm-b");
  });

  it("are not lost to multi-FD with post-copy below QEMU 10.1, and a second resource of one VM is warned of", async () => {
    const version = /QEMU (\d+)\.(\d+)/
      .exec(await lab().host("kvm-a").virsh("version"))!
      .slice(1)
      .map(Number);
    if (version[0]! > 10 || (version[0] === 10 && version[1]! > 0)) return;
    const before = await hostsSay(lab());
    stack().declare({
      multiFd: to("running", { parallel: true, postCopy: { after: "5s" } }),
      twin: { args: { domain: "running", host: "kvm-a" } },
    });
    const result = await stack().up(["--continue-on-error"]);
    const says = ["preflight", "loses the guest below QEMU 10.1", "leave out one of the two"];
    assertFailed(result, "multiFd", "unsafeCombination", ...says);
    const warnings = result.stdout.match(/^ +warning: running is also placed by urn:/gm) ?? [];
    assert.equal(warnings.length, 1, result.stdout);
    assert.deepEqual(await hostsSay(lab()), before);
  });
});
