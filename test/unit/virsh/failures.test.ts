/** After a change of words: UPDATE_GOLDEN=1 npx mocha test/unit/virsh/failures.test.ts */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import fc from "fast-check";
import { errorCodes } from "../../../provider/core/errorCodes";
import { type Remedy, renderRemedies } from "../../../provider/core/problem";
import { type FailureContext, stderrCauses } from "../../../provider/core/problems";
import { essence, hidesCause, readFailure } from "../../../provider/virsh/failures";
import { commandsOf } from "../../support/problems";
import { context, stderrCases, withoutCause } from "./stderr-cases";

const load = createRequire(__filename);
const cases = Object.entries(stderrCases).flatMap(([file, texts]) =>
  texts.map(([stderr, code, commands]) => ({ file, stderr, code, commands })),
);
const oneLine = (text: string) => text.replace(/\s+/g, " ");
const known = (stderr: string, change: Partial<FailureContext> = {}) => {
  const failure = readFailure(stderr, { ...context, ...change });
  assert.ok(failure, stderr);
  return failure;
};

describe("remedies after a failure that name a daemon", () => {
  const daemons = {
    "kvm-b": { layout: "modular", init: "systemd", answering: [], units: {}, other: undefined },
  } as const;
  for (const stderr of [
    "error: Unable to find 'swtpm' binary in $PATH: No such file or directory",
    "error: operation failed: numad is not available on this host",
    "error: unsupported configuration: Emulator '/usr/bin/qemu-system-x86_64' does not support virt type 'kvm'",
    "error: internal error: hugetlbfs filesystem is not mounted or disabled by administrator config",
    "error: internal error: Unable to find an unused port in range 'migration' (49152-49215)",
  ]) {
    it(`restart the one of that host: ${stderr}`, () => {
      const failure = readFailure(stderr, { domain: "db-01", source: "kvm-a", destination: "kvm-b", daemons });
      assert.ok(failure?.namesDaemons);
      assert.ok(commandsOf(failure.remedies).includes("kvm-b$ systemctl restart virtqemud"));
    });
  }
});

describe("what virsh prints", () => {
  it("names the daemons of the host that it is about", () => {
    const daemons = (layout: "monolithic" | "modular") =>
      ({ layout, init: "systemd", answering: [], units: {}, other: undefined }) as const;
    const asked = { daemons: { "kvm-a": daemons("monolithic"), "kvm-b": daemons("modular") } };
    const commands = (stderr: string) => commandsOf(known(stderr, asked).remedies);
    const onSource =
      "error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/run/libvirt/libvirt-sock'";
    assert.deepEqual(commands(onSource), ["kvm-a$ systemctl enable --now libvirtd.socket", "$ pulumi up"]);
    const byHelper =
      "error: Cannot recv data: virt-ssh-helper: cannot connect to '/run/libvirt/virtqemud-sock': No such file";
    assert.deepEqual(commands(byHelper), ["kvm-b$ systemctl enable --now virtqemud.socket", "$ pulumi up"]);
    assert.deepEqual(commands("error: Cannot recv data: nc: /var/run/libvirt/libvirt-sock: Connection refused"), [
      "kvm-b$ systemctl enable --now virtqemud.socket",
      "kvm-b$ systemctl enable --now virtproxyd.socket",
      "$ pulumi up",
    ]);
    const sameHost = known("error: internal error: Attempt to migrate guest to the same host 1", asked);
    assert.match(sameHost.remedies[0]!.do, /\/etc\/libvirt\/virtqemud\.conf/);
  });

  it("names the unit that does not listen, and distinguishes libvirt's port from that of the data", () => {
    const daemons = { layout: "modular", init: "systemd", answering: [], units: {}, other: undefined } as const;
    const refused = (port: number, peerUri: string) =>
      commandsOf(
        known(`error: unable to connect to server at 'kvm-b:${port}': Connection refused`, {
          peerUri,
          daemons: { "kvm-b": daemons },
        }).remedies,
      );
    assert.deepEqual(refused(16_514, "qemu+tls://kvm-b/system"), [
      "kvm-b$ systemctl enable --now virtproxyd-tls.socket",
      "kvm-a$ nc -vz kvm-b 16514",
    ]);
    assert.deepEqual(refused(17_000, "qemu+tcp://kvm-b:17000/system"), [
      "kvm-b$ systemctl enable --now virtproxyd-tcp.socket",
      "kvm-a$ nc -vz kvm-b 17000",
    ]);
    for (const uri of ["qemu+tls://kvm-b/system", "qemu+ssh://kvm-b/system"])
      assert.match(refused(49_152, uri)[0]!, /firewall-cmd/);
  });

  it("names the files of the directory that the URI names", () => {
    const { remedies } = known("error: authentication failed: Failed to verify peer's certificate", {
      peerUri: "qemu+tls://kvm-b/system?pkipath=/etc/pki/migrate",
    });
    assert.match(remedies[0]!.do, /\/etc\/pki\/migrate\/cacert\.pem and \/etc\/pki\/migrate\/clientcert\.pem on kvm-a/);
  });

  it("asks for credentials where an account is not let in by TLS or TCP, and for no group", () => {
    const text = "error: authentication failed: authentication failed";
    const does = (peerUri: string) =>
      known(text, { peerUri })
        .remedies.map((remedy) => remedy.do)
        .join("; ");
    assert.match(does("qemu+tls://kvm-b/system"), /auth\.conf; set auth_tls = "none"/);
    assert.match(does("qemu+tcp://kvm-b/system"), /auth\.conf; set peerTransport of kvm-b/);
    assert.match(does("qemu+ssh://kvm-b/system"), /group libvirt/);
  });

  it("tries the login with the key that the URI names, and shows that key", () => {
    const { remedies } = known("Permission denied (publickey).", {
      peerUri: "qemu+ssh://kvm-b/system?keyfile=/keys/k",
    });
    assert.deepEqual(commandsOf(remedies), [
      "kvm-a$ cat /keys/k.pub",
      "kvm-a$ ssh -o BatchMode=yes -i /keys/k root@kvm-b true",
    ]);
  });

  for (const { file, stderr, code, commands } of cases) {
    it(`${code}: ${oneLine(stderr)}`, () => {
      const failure = known(stderr);
      assert.equal(failure.code, code);
      assert.deepEqual(commandsOf(failure.remedies), commands);
      assert.ok(failure.remedies.length > 0);
      const cause = stderrCauses.find((each) => each.stderr.test(stderr));
      const causesOfFile = Object.values(load(`../../../provider/core/problems/${file}`) as object);
      assert.ok(causesOfFile.includes(cause), `${file}.ts does not have its cause`);
    });

    it(`${code}, with ssh's own noise around: ${oneLine(stderr)}`, () => {
      const noisy = `setlocale: LC_ALL: cannot change locale\nWarning: Permanently added '10.0.0.12' (ED25519) to the list of known hosts.\r\n/etc/ssh/ssh_config line 2: Unsupported option "gssapiauthentication"\n${stderr}\n\n`;
      assert.deepEqual(readFailure(noisy, context), readFailure(stderr, context));
    });
  }

  for (const stderr of withoutCause) {
    it(`tells no cause: ${stderr}`, () => assert.equal(readFailure(stderr, context), undefined));
  }

  it("has a case for each cause", () => {
    const found = new Set(cases.map(({ stderr }) => stderrCauses.find((each) => each.stderr.test(stderr))));
    assert.deepEqual(
      stderrCauses.filter((each) => !found.has(each)),
      [],
    );
  });

  it("reads as in failures-golden.txt", () => {
    const golden = join(__dirname, "failures-golden.txt");
    const show = ({ message, remedies, code }: { message: string; remedies: Remedy[]; code: string }) =>
      `${message}; ${renderRemedies(remedies)} [${code}]`;
    const text = cases.map(({ file, stderr }) => `# ${file}: ${oneLine(stderr)}\n${show(known(stderr))}\n`).join("\n");
    if (process.env["UPDATE_GOLDEN"]) writeFileSync(golden, text);
    assert.equal(text, readFileSync(golden, "utf8"));
    assert.doesNotMatch(text, /undefined|null|\[object/);
  });

  it("is told apart by what libvirt 11.3.0 quotes of both hosts", () => {
    const text =
      "error: operation failed: migration failed. Message from the source host: operation failed: job 'migration out' failed: Unable to write to socket. " +
      "Message from the destination host: operation failed: migration of disk vda failed: Source and target image have different sizes";
    assert.equal(known(text).code, "unsafeStorage");
  });

  it("has remedies where the account and the peer's address are not known", () => {
    const { domain, source, destination } = context;
    for (const { stderr } of cases) {
      const { remedies } = readFailure(stderr, { domain, source, destination })!;
      assert.doesNotMatch(renderRemedies(remedies), /undefined|null/, stderr);
    }
  });

  it("is of the source where no peer was asked", () => {
    const { domain, source, destination } = context;
    const { remedies } = readFailure("error: authentication failed: access denied by policy", {
      domain,
      source,
      destination,
      sourceUser: "admin",
    })!;
    assert.deepEqual(commandsOf(remedies), ["kvm-a$ usermod -aG libvirt admin"]);
  });

  describe("of ssh between the hosts", () => {
    const unknownKey = "Host key verification failed.";
    const denied = "root@10.0.0.12: Permission denied (publickey).";

    it("takes the address out of any peer URI", () => {
      const scan = (peerUri: string) => commandsOf(known(unknownKey, { peerUri }).remedies)[1];
      for (const [peerUri, address] of [
        ["qemu+ssh://10.0.0.12/system", "10.0.0.12"],
        ["qemu+ssh://root@kvm-b.example.net:2222/system", "-p 2222 kvm-b.example.net"],
        ["qemu+ssh://migrate@[fd00::12]:2222/system", "-p 2222 fd00::12"],
        ["qemu+ssh://root@[fe80::1%25eth0]/system", "fe80::1%eth0"],
      ] as const) {
        assert.equal(scan(peerUri), `kvm-a$ ssh-keyscan ${address} >>/root/.ssh/known_hosts`);
      }
    });

    it("names the line to add where the host key is known", () => {
      const change = { peerUri: "qemu+ssh://10.0.0.12:2222/system", peerHostKey: "ssh-ed25519 AAAA" };
      const add = "kvm-a$ echo '[10.0.0.12]:2222 ssh-ed25519 AAAA' >>/root/.ssh/known_hosts";
      assert.deepEqual(commandsOf(known(unknownKey, change).remedies), [add]);
      const changed = known(`@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\n${unknownKey}`, change);
      assert.deepEqual(commandsOf(changed.remedies), ["kvm-a$ ssh-keygen -R '[10.0.0.12]:2222'", add]);
      assert.doesNotMatch(changed.message, /@/);
    });

    it("names the key to add where root has one, and makes one where it has none", () => {
      const attempt = "kvm-a$ ssh -o BatchMode=yes migrate@10.0.0.12 true";
      assert.deepEqual(commandsOf(known(denied, { rootKey: "ssh-ed25519 BBBB root@kvm-a" }).remedies), [
        "kvm-b$ echo 'ssh-ed25519 BBBB root@kvm-a' >>~migrate/.ssh/authorized_keys",
        attempt,
      ]);
      assert.deepEqual(commandsOf(known(denied, { rootKey: "" }).remedies), [
        "kvm-a$ ssh-keygen -t ed25519 -N '' -f /root/.ssh/id_ed25519",
        "kvm-a$ cat /root/.ssh/id_ed25519.pub",
        attempt,
      ]);
    });

    it("names the account that ssh names where the peer URI names none", () => {
      const { remedies } = known("ops@10.0.0.12: Permission denied (publickey).", {
        peerUri: "qemu+ssh://10.0.0.12/system",
      });
      assert.equal(commandsOf(remedies).at(-1), "kvm-a$ ssh -o BatchMode=yes ops@10.0.0.12 true");
    });
  });

  it("hides its cause in few texts", () => {
    const told = withoutCause.filter((text) => !hidesCause(text));
    assert.deepEqual(
      told.map((text) => text.replace("error: ", "")),
      [
        "Requested operation is not valid: network is already active",
        "internal error: CPU feature avx2 already defined",
        "Requested operation is not valid: pool is already active as 'images'",
        "something that nobody has seen yet",
      ],
    );
  });

  describe("in short", () => {
    const nothing = "virsh failed and printed nothing";
    const shortened: [text: string, short: string][] = [
      ["", nothing],
      ["\n\n", nothing],
      ["error: a\nerror: b\nerror: a\n", "a; b"],
      ["error: a\nb\nc\nd", "a; b; c"],
      ["error: Disconnected from qemu:///system due to end of file\nerror: a", "a"],
      ["\rMigration: [ 81 %]\rMigration: [ 85 %]error: operation aborted: by client\n", "operation aborted: by client"],
      ["\rMigration: [88.74 %]error: operation aborted: by client\n", "operation aborted: by client"],
      ["error: Cannot recv data: root@h: Permission denied.: Connection reset by peer", "root@h: Permission denied"],
      ["error: End of file while reading data: nc: a\nb: Input/output error", "nc: a; b"],
      [
        "error: End of file while reading data: : Input/output error",
        "End of file while reading data: : Input/output error",
      ],
      ["error: Cannot recv data: Connection reset by peer", "Cannot recv data: Connection reset by peer"],
      [
        "error: different sizes\nerror: migration successfully aborted\nerror: End of file while reading data: : Input/output error",
        "different sizes",
      ],
    ];
    for (const [text, short] of shortened) it(JSON.stringify(text), () => assert.equal(essence(text), short));

    it("is one line of at most 500 letters, whatever was printed, and reading it never fails", () => {
      fc.assert(
        fc.property(
          fc.string({ unit: fc.constantFrom("error: ", "a", "\n", "\r", "b".repeat(200), "Warning: ") }),
          (text) => {
            const message = essence(text);
            assert.ok(message.length > 0 && message.length <= 500 && !/[\r\n]/.test(message), message);
            const failure = readFailure(text, context);
            assert.ok(failure === undefined || errorCodes.includes(failure.code));
          },
        ),
      );
    });
  });
});
