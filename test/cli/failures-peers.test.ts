import assert from "node:assert/strict";
import type { ErrorCode } from "../../provider/core/errorCodes";
import { assertFailed, assertPartial, hostsSay } from "../support/failure";
import { describeWithStack } from "../support/stack";

const guest = { memoryMiB: 32, disk: "none" } as const;

describeWithStack("hosts that do not let each other in", { lab: { hosts: 3 } }, (lab, stack) => {
  const at = (domain: string, host: string) => ({ args: { domain, host } });
  /** One VM for each destination: kvm-b as kvm-a reaches it in a wrong way, or kvm-c with its data ports shut. */
  const cases: Record<string, { set: Record<string, unknown>; code: ErrorCode; says: (string | RegExp)[] }> = {};

  before(async () => {
    const [a, b] = [lab().host("kvm-a"), lab().host("kvm-b")];
    const peerKey = await a.must("ssh-keygen -y -f /root/.ssh/id_ed25519");
    // Two more addresses of kvm-b: one that root on kvm-a has never met, and one that it knows by another key.
    const [stranger, changed] = [b.address.replace(/\d+$/, "101"), b.address.replace(/\d+$/, "102")];
    await b.must(`ip address add ${stranger}/24 dev eth0; ip address add ${changed}/24 dev eth0`);
    await a.must(`echo '${changed} ${a.hostKeyLine}' >>/root/.ssh/known_hosts`);
    await b.addUser("nobody-in", { libvirtGroup: true });
    await b.addUser("outsider");
    await b.must("head -n 1 /root/.ssh/authorized_keys >/run/home/nobody-in/.ssh/authorized_keys");
    await lab().host("kvm-c").blockPort("49152-49215");
    Object.assign(cases, {
      stranger: {
        set: { peerAddress: stranger },
        code: "peerUntrusted",
        says: [
          "Host key verification failed",
          "root there does not know the host key of stranger",
          "/root/.ssh/known_hosts on kvm-a",
          `${stranger} ${b.hostKeyLine}`,
        ],
      },
      changed: {
        set: { peerAddress: changed },
        code: "peerUntrusted",
        says: [
          "root there knows another host key of changed",
          `ssh-keygen -R ${changed}`,
          `${changed} ${b.hostKeyLine}`,
        ],
      },
      refused: {
        set: { peerUser: "nobody-in" },
        code: "peerUntrusted",
        says: [
          `nobody-in@${b.address}: Permission denied`,
          "rejects its login as nobody-in",
          "authorized_keys of nobody-in on refused",
          peerKey.split(" ").slice(0, 2).join(" ").trim(),
          `ssh -o BatchMode=yes nobody-in@${b.address} true`,
        ],
      },
      outsider: {
        set: { peerUser: "outsider" },
        code: "socketPermission",
        says: ["Permission denied", "outsider on outsider", "usermod -aG libvirt outsider"],
      },
      nameless: {
        set: { peerAddress: "no-such-host.invalid" },
        code: "peerUnreachable",
        says: [
          "Could not resolve hostname no-such-host.invalid",
          "kvm-a cannot resolve a name of nameless",
          "peerAddress",
        ],
      },
      "no-sshd": {
        set: { peerPort: 2222 },
        code: "peerUnreachable",
        says: ["port 2222: Connection refused", "kvm-a cannot reach no-sshd by ssh", `ssh -p 2222 ${b.address} true`],
      },
      "kvm-c": {
        set: {},
        code: "peerUnreachable",
        says: [/49152/, "49152-49215", "49152:49215"],
      },
    });
    for (const name of Object.keys(cases)) await lab().startGuest({ ...guest, name: `vm-${name}`, host: "kvm-a" });
  });

  it("say which account, which key and which line; the VM stays, and the state says so", async () => {
    const inventory = lab().inventory();
    const inStack = {
      ...inventory,
      ...Object.fromEntries(
        Object.entries(cases).map(([name, { set }]) => [
          name,
          { ...inventory[name === "kvm-c" ? name : "kvm-b"], ...set },
        ]),
      ),
    };
    stack().configure({ "vm-placement:hosts": inStack });
    const everyone = (host?: string) =>
      Object.fromEntries(Object.keys(cases).map((name) => [`r-${name}`, at(`vm-${name}`, host ?? name)]));
    stack().declare(everyone("kvm-a"));
    const adopted = await stack().up();
    assert.equal(adopted.code, 0, adopted.stdout);

    const before = await hostsSay(lab());
    stack().declare(everyone());
    const result = await stack().up(["--continue-on-error"]);
    for (const [name, { code, says }] of Object.entries(cases)) {
      const text = assertFailed(result, `r-${name}`, code, `cannot move vm-${name} from kvm-a to ${name} (`, ...says);
      assertPartial(stack(), `r-${name}`, { host: "kvm-a", code, text });
    }
    assert.deepEqual(await hostsSay(lab()), before);
  });

  it("are tried again by the next up once they are fixed, though the program is the same", async () => {
    await lab().host("kvm-c").unblock();
    const result = await stack().up(["--target", stack().resource("r-kvm-c")!.urn]);
    assert.equal(result.code, 0, result.stdout);
    const { initErrors, outputs } = stack().resource("r-kvm-c")!;
    assert.equal(initErrors, undefined);
    assert.equal(outputs!["currentHost"], "kvm-c");
    assert.equal(await lab().host("kvm-c").virsh("domstate vm-kvm-c"), "running");
  });

  it("never start a second migration of a VM that somebody moves by hand", async () => {
    const a = lab().host("kvm-a");
    await lab().startGuest({ name: "busy", host: "kvm-a", memoryMiB: 64, dirtyMiB: 32, dirtyRate: 20 });
    stack().configure({ "vm-placement:hosts": lab().inventory() });
    stack().declare({ busy: at("busy", "kvm-a") });
    assert.equal((await stack().up()).code, 0);
    const byHand = a.sh(
      "virsh migrate --live --p2p --persistent --undefinesource --bandwidth 1 busy qemu+ssh://kvm-b/system",
    );
    const end = Date.now() + 60_000;
    while (!/Job type: +Unbounded/.test((await a.sh("virsh domjobinfo busy")).stdout)) {
      assert.ok(Date.now() < end, "the migration by hand did not begin within a minute");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    stack().declare({ busy: at("busy", "kvm-b") });
    let clients: Promise<string> | undefined;
    const result = await stack().pulumi.run(["up", "--yes", "--skip-preview"], {
      onLine: (line) => {
        if (!/no second one is started/.test(line) || clients !== undefined) return;
        // Only now may it come to its end.
        clients = a.must("pgrep -c -f '^virsh migrate'; virsh migrate-setspeed busy 1000");
      },
    });
    assert.equal(result.code, 0, result.stdout);
    assert.ok(clients, result.stdout);
    assert.equal((await clients).trim(), "1", "one virsh migrates, the one started by hand");
    assert.equal((await byHand).code, 0);
    assert.equal(stack().outputs("busy")["currentHost"], "kvm-b");
  });
});

describeWithStack("certificates that are not right", { lab: { hosts: 4, tls: true } }, (lab, stack) => {
  const hosts: Record<string, [ErrorCode, ...(string | RegExp)[]]> = {
    "kvm-b": ["peerTls", /[Cc]ertificate|-cert\.pem/, "another-host", "migration.tls: { destination"],
    "kvm-c": ["peerTls", /[Ee]xpired|ran out|-cert\.pem/],
    "kvm-d": ["peerTls", "/etc/pki/qemu"],
  };

  before(async () => {
    await lab().host("kvm-b").installCertificate({ name: "another-host", addresses: [] });
    await lab().host("kvm-c").installCertificate({ expired: true });
    await lab().host("kvm-d").must("rm -r /etc/pki/qemu");
    for (const host of Object.keys(hosts)) await lab().startGuest({ ...guest, name: `to-${host}`, host: "kvm-a" });
  });

  it("stop a move with tls; the VM stays, and the state says so", async () => {
    const before = await hostsSay(lab());
    const args = (host: string) => ({ args: { domain: `to-${host}`, host, migration: { tls: true } } });
    stack().declare(Object.fromEntries(Object.keys(hosts).map((host) => [`r-${host}`, args(host)])));
    const result = await stack().up(["--continue-on-error"]);
    for (const [host, [code, ...says]] of Object.entries(hosts)) {
      const text = assertFailed(result, `r-${host}`, code, ...says);
      assertPartial(stack(), `r-${host}`, { host: "kvm-a", code, text });
    }
    assert.deepEqual(await hostsSay(lab()), before);
  });
});
