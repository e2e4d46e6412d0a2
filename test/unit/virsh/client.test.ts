import assert from "node:assert/strict";
import { Virsh } from "../../../provider/virsh/client";
import { fakeDomain, type SimulatedHost, SimulatedLab, fakeUuid } from "../../../lab/simulated";

describe("virsh on a host", () => {
  let world: SimulatedLab;
  let host: SimulatedHost;
  let virsh: Virsh;
  const webUuid = "1117c344-47b0-4597-a2ce-291e1dd8606a";

  beforeEach(async () => {
    world = new SimulatedLab();
    host = world.add("kvm-a", [
      fakeDomain({ autostart: true }),
      fakeDomain({ uuid: webUuid, name: "web server", state: "shut off", reason: "shutdown", managedSave: true }),
    ]);
    world.add("kvm-b");
    virsh = new Virsh(await world.dial({ name: "kvm-a" }), "qemu:///system");
  });
  afterEach(() => virsh.close());

  it("sees all that a placement wants to know, with one question for each kind of fact", async () => {
    const views = await virsh.views(await virsh.domains(), false);
    assert.deepEqual(views, [
      {
        host: "kvm-a",
        uuid: fakeUuid,
        name: "db-01",
        state: "running",
        reason: "booted",
        persistent: true,
        autostart: true,
        managedSave: false,
      },
      {
        host: "kvm-a",
        uuid: webUuid,
        name: "web server",
        state: "shut off",
        reason: "shutdown",
        persistent: true,
        autostart: false,
        managedSave: true,
      },
    ]);
    assert.deepEqual(host.commands.toSorted(), [
      `domstate --reason ${webUuid}`,
      `domstate --reason ${fakeUuid}`,
      "list --all --autostart --uuid",
      "list --all --persistent --uuid",
      "list --all --uuid",
      "list --all --uuid --name",
      "list --all --with-managed-save --uuid",
    ]);
  });

  it("finds a domain by name and by UUID, and knows when it is not there", async () => {
    for (const known of ["web server", webUuid]) assert.equal((await virsh.view(known))!.name, "web server");
    assert.equal(await virsh.view("nosuch"), undefined);
    assert.equal(await virsh.state("00000000-0000-0000-0000-000000000000"), undefined);
    assert.equal(await virsh.job("00000000-0000-0000-0000-000000000000"), undefined);
  });

  it("leaves out a domain that vanished between two questions", async () => {
    const domains = await virsh.domains();
    host.domains = host.domains.filter(({ uuid }) => uuid === webUuid);
    assert.deepEqual(
      (await virsh.views(domains, true)).map(({ name }) => name),
      ["web server"],
    );
  });

  const jobs: [title: string, said: string | undefined, job: object | undefined][] = [
    ["none", undefined, { type: "none" }],
    [
      "an incoming one, whose numbers are its source's to tell",
      "Operation not supported: migration statistics are available only on the source host",
      { type: "unbounded", operation: "incoming" },
    ],
    [
      "none on a VM that is shut off, as libvirt 11.3.0 has it",
      "Requested operation is not valid: domain is not running",
      undefined,
    ],
    ["none on a VM that is gone", `failed to get domain '${fakeUuid}'`, undefined],
  ];
  for (const [title, said, job] of jobs) {
    it(`knows the job on a VM: ${title}`, async () => {
      if (said !== undefined) host.failing.set("domjobinfo", said);
      const found = await virsh.job(fakeUuid);
      assert.deepEqual(
        found && Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)),
        job,
      );
    });
  }

  it("has the views of VMs that are shut off also on libvirt 11.3.0", async () => {
    host.failing.set("domjobinfo", "Requested operation is not valid: domain is not running");
    const view = await virsh.view(webUuid);
    assert.deepEqual([view?.state, view?.job], ["shut off", undefined]);
  });

  it("has completed statistics only of a completed job, and keeps them for other readers", async () => {
    host.find(fakeUuid)!.completedStatistics = true;
    assert.equal((await virsh.completedJob(fakeUuid))!.downtimeMs, 43);
    assert.deepEqual(host.commands, [`domjobinfo --completed --keep-completed --rawstats ${fakeUuid}`]);
    host.failing.set("domjobinfo --completed", "Requested operation is not valid: no");
    assert.equal(await virsh.completedJob(fakeUuid), undefined);
  });

  it("changes a VM by its UUID", async () => {
    await virsh.setMaxDowntimeMs(fakeUuid, 750);
    assert.equal(await virsh.maxDowntimeMs(fakeUuid), 750);
    await virsh.setAutostart(fakeUuid, false);
    await virsh.suspend(fakeUuid);
    await virsh.resume(fakeUuid);
    host.find(fakeUuid)!.job = "outgoing";
    await virsh.abortJob(fakeUuid);
    await virsh.startPostCopy(fakeUuid);
    // What cannot be read may own everything.
    host.failing.set("dumpxml", "internal error");
    await virsh.undefine(fakeUuid);
    assert.deepEqual(host.commands, [
      `migrate-setmaxdowntime ${fakeUuid} 750`,
      `migrate-getmaxdowntime ${fakeUuid}`,
      `autostart ${fakeUuid} --disable`,
      `suspend ${fakeUuid}`,
      `resume ${fakeUuid}`,
      `domjobabort ${fakeUuid}`,
      `migrate-postcopy ${fakeUuid}`,
      "help undefine",
      `dumpxml --inactive ${fakeUuid}`,
      // Its definition cannot be read there, so it may own everything.
      `undefine --keep-nvram --keep-tpm ${fakeUuid}`,
    ]);
    await virsh.setAutostart(webUuid, true);
    assert.equal(host.commands.at(-1), `autostart ${webUuid}`);
    assert.equal(await virsh.maxDowntimeMs("00000000-0000-0000-0000-000000000000"), undefined);
  });

  it("asks the host who it is and what it can do", async () => {
    assert.deepEqual(await virsh.versions(), { libvirt: "9.0.0", qemu: "7.2.22" });
    assert.ok((await virsh.migrateOptions()).has("--postcopy"));
    assert.match((await virsh.hostUuid())!, /^[0-9a-f-]{36}$/);
  });

  it("names the host, the question, libvirt's words and what to do when it is refused", async () => {
    host.failing.set(
      "list",
      "failed to connect to the hypervisor\nerror: Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied",
    );
    await assert.rejects(virsh.domains(), {
      code: "socketPermission",
      host: "kvm-a",
      message:
        /^cannot ask libvirt on kvm-a \(`virsh list`\) \(observe, on kvm-a\): failed to connect to the hypervisor; Failed to connect socket.*\n {2}What to do: .*usermod -aG libvirt/,
    });
  });

  describe("as the shell is told to start it", () => {
    async function started(uri: string): Promise<{ commands: string[]; inputs: string[] }> {
      const commands: string[] = [];
      const inputs: string[] = [];
      const shell = await world.dial({ name: "kvm-a" });
      const own = new Virsh(
        {
          host: "kvm-a",
          alive: true,
          close: () => shell.close(),
          exec: (command, options = {}) => {
            commands.push(command);
            inputs.push(options.input ?? "");
            return shell.exec(command, options);
          },
          spawn: async (command, listeners) => {
            commands.push(command);
            const process = await shell.spawn(command, listeners);
            return { ...process, write: (text) => (inputs.push(text), process.write(text)) };
          },
        },
        uri,
      );
      await own.domains();
      await own.exec("virsh migrate --live db-01 qemu+ssh://kvm-b/system");
      own.close();
      return { commands, inputs };
    }

    it("speaks English and knows its libvirt, and a planned command runs as it stands", async () => {
      const { inputs } = await started("qemu:///system");
      const environment = "export LC_ALL=C INPUTRC=/dev/null LIBVIRT_DEFAULT_URI=qemu:///system";
      const [start, migrate] = [inputs[0]!, inputs.find((input) => input.includes("virsh migrate"))!];
      assert.ok(start.includes(environment) && start.includes("; exec virsh -q -c qemu:///system\n"), start);
      assert.ok(migrate.includes(environment), migrate);
      assert.ok(migrate.split("\n").includes("virsh migrate --live db-01 qemu+ssh://kvm-b/system"), migrate);
    });

    it("shows the login shell nothing but two commands that every shell reads alike", async () => {
      const uri = "qemu:///system?socket=/run/x!&mode='direct'\\";
      assert.deepEqual((await started(uri)).commands, [`/bin/sh -c 'read -r line; eval "$line"'`, "/bin/sh"]);
    });
  });
});
