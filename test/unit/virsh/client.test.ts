import assert from "node:assert/strict";
import { type DomainState, showState } from "../../../provider/core/domain";
import { runsInPostCopy } from "../../../provider/core/situation";
import type { PlacementError } from "../../../provider/core/errors";
import { Virsh } from "../../../provider/virsh/client";
import { refusedJob } from "../../../provider/virsh/refusedJob";
import { commandsOf } from "../../support/problems";
import { fakeDomain, type SimulatedHost, SimulatedLab, fakeUuid } from "../../../lab/simulated";

const booted: DomainState = { state: "running", reason: "booted" };
const receiving: DomainState = { state: "paused", reason: "migrating" };
const shutOff: DomainState = { state: "shut off", reason: "shutdown" };

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
    const views = await virsh.look();
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
      "domstats --state",
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
      (await virsh.views(domains)).map(({ name }) => name),
      ["web server"],
    );
  });

  it("asks for the state of each domain that the one answer does not tell", async () => {
    const asked = () => host.commands.filter((line) => line.startsWith("domstate")).toSorted();
    const told: [answer: string, asks: string[]][] = [
      [`Domain: 'web server'\n  state.state=5\n  state.reason=1\n`, [fakeUuid]],
      // Numbers of a later libvirt.
      [
        `Domain: 'db-01'\n  state.state=1\n  state.reason=99\n\nDomain: 'web server'\n  state.state=9\n`,
        [webUuid, fakeUuid],
      ],
      ["", [webUuid, fakeUuid]],
    ];
    for (const [answer, asks] of told) {
      host.answers.set("domstats --state", answer);
      host.commands.length = 0;
      assert.deepEqual((await virsh.look()).map(showState), ["running (booted)", "shut off (shutdown)"]);
      assert.deepEqual(
        asked(),
        asks.map((uuid) => `domstate --reason ${uuid}`),
      );
    }
    host.answers.delete("domstats --state");
    host.failing.set("domstats", "Timed out during operation");
    assert.deepEqual((await virsh.look()).map(showState), ["running (booted)", "shut off (shutdown)"]);
  });

  it("does not look where one of the lists is refused: what a domain does not have is not what is not told", async () => {
    host.failing.set("list --all --autostart", "access denied");
    await assert.rejects(virsh.look(), /`virsh list`.*access denied.*list --all --autostart --uuid/s);
  });

  const incoming = { type: "unbounded", operation: "incoming" };
  const held = { type: "held" };
  // Commas, colons and words as the daemon of each host has them.
  const refusals: [text: string, seen: DomainState | undefined, job: object | undefined][] = [
    ["Operation not supported: migration statistics are available only on the source host", receiving, incoming],
    ["Operation not supported: migration statistics are available only on the source host", runsInPostCopy, incoming],
    ["操作不被支持：迁移统计只在源主机上可用", receiving, incoming],
    ["Requested operation is not valid: domain is not running", shutOff, undefined],
    ["所需操作无效：域没有在运行", shutOff, undefined],
    ["要求された操作は有効ではありません: ドメインが稼働していません", shutOff, undefined],
    ["Angeforderte Operation ist nicht gültig: Domain läuft nicht", shutOff, undefined],
    ["L'opération demandée n'est pas valide : le domaine n’est pas actif", shutOff, undefined],
    ["Недопустимая операция: домен не работает", shutOff, undefined],
    ["Timed out during operation: cannot acquire state change lock (held by monitor=x)", booted, held],
    ["操作超时：无法获得状态更改锁定", booted, held],
    ["オペレーション中にタイムアウトが発生しました: 状態変更ロックを獲得できません", booted, held],
    ["Zeit abgelaufen während der Aktion: Kann Status-Änderungs-Lock nicht abrufen", booted, held],
    ["Domain not found: no domain with matching uuid", undefined, undefined],
    ["Domain nicht gefunden", undefined, undefined],
  ];
  for (const [text, seen, job] of refusals) {
    it(`knows the job on a VM that is ${seen ? showState(seen) : "gone"} where libvirt refuses: ${text}`, async () => {
      if (seen) Object.assign(host.find(fakeUuid)!, seen);
      else host.remove(host.find(fakeUuid)!);
      host.failing.set("domjobinfo", text);
      assert.deepEqual(await virsh.job(fakeUuid), job);
    });
  }

  it("knows that a VM has no job", async () => {
    assert.equal((await virsh.job(fakeUuid))!.type, "none");
  });

  it("tells a lock that it waited for from the refusal of a destination by the time that it took", () => {
    assert.deepEqual(refusedJob(receiving, 30_050), held);
    assert.deepEqual(refusedJob(receiving, 200), incoming);
  });

  it("asks again for a VM that came after the question", async () => {
    const [vm] = host.domains;
    host.remove(vm!);
    host.onCommand = (line) => {
      if (line === "list --all --uuid" && host.find(fakeUuid) === undefined) host.domains.push(vm!);
    };
    assert.deepEqual(await virsh.state(fakeUuid), booted);
  });

  it("tells a VM that is gone from a host that does not tell", async () => {
    host.failing.set("domstate", `failed to get domain '${fakeUuid}'\nerror: Ende der Datei beim Lesen von Daten`);
    await assert.rejects(virsh.state(fakeUuid), { code: "libvirtDown" });
  });

  it("asks which daemons the host has when libvirt does not answer", async () => {
    host.failing.set("domstate", "failed to connect to the hypervisor");
    host.answers.set("virtnetworkd", "\n@@ init\nsystemd\n\n@@ sockets\nvirtqemud\n\n@@ end\n");
    const commands = (error: PlacementError) => commandsOf(error.problem.remedies);
    await assert.rejects(virsh.state(fakeUuid), (error: PlacementError) => {
      assert.deepEqual(commands(error), ["kvm-a$ systemctl enable --now virtqemud.socket", "$ pulumi up"]);
      return true;
    });
  });

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
