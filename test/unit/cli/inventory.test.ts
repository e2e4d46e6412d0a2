import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { settingsFromFile, settingsFromStack, UsageError } from "../../../provider/cli/inventory";

describe("where the command line finds the hosts", () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "inventory-"))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const settings = (value: unknown) => {
    const file = join(directory, "hosts.json");
    writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value));
    return settingsFromFile(file);
  };
  const complaint = async (value: unknown): Promise<string> => {
    const error = await settings(value).then(
      () => assert.fail("it was taken"),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof UsageError);
    return error.message;
  };

  /** As `pulumi config --show-secrets --json` of 3.259 prints it. */
  const config = (hosts: unknown, more: Record<string, unknown> = {}) => ({
    "vm-placement:hosts": { value: JSON.stringify(hosts), objectValue: hosts, secret: true },
    ...more,
  });

  it("hides what is secret in a stack's configuration, and nothing else", async () => {
    const { mask } = await settings(
      config(
        {
          "kvm-a": { address: "10.0.0.11", passphrase: "hush", privateKey: "first line of a key\nits own second line" },
        },
        {
          "app:password": { value: "swordfish", secret: true },
          "app:settings": {
            value: '{"apiToken":"t0p","name":"web"}',
            objectValue: { apiToken: "t0p", name: "web" },
            secret: true,
          },
          "app:name": { value: "plain", secret: false },
        },
      ),
    );
    assert.equal(
      mask("hush at 10.0.0.11, swordfish, t0p, web, plain"),
      "[secret] at 10.0.0.11, [secret], [secret], web, plain",
    );
    assert.equal(
      mask("…first line of a key… its own second line"),
      "…[secret]… its own second line".replace("its own second line", "[secret]"),
    );
    assert.equal(mask(JSON.stringify("first line of a key\nits own second line")), '"[secret]"');
  });

  it("hides them in a file of hosts too", async () => {
    const { mask } = await settings({ "kvm-a": { passphrase: "hush-hush" }, "kvm-b": {} });
    assert.equal(mask("is it hush-hush?"), "is it [secret]?");
  });

  const secret = "correct horse battery";
  const wrong: [title: string, value: unknown][] = [
    ["a secret in another host's field", config({ "kvm-a": { passphrase: secret }, "kvm-b": { address: secret } })],
    ["a secret in the wrong field", config({ "kvm-a": { passfrase: secret, port: secret } })],
    ["a secret for a host's name", config({ [secret]: {}, "kvm-a": { passphrase: secret } })],
    ["a secret for the URI", config({ "kvm-a": {} }, { "vm-placement:uri": { value: secret, secret: true } })],
    ["a text that is no JSON", `{ "kvm-a": { "passphrase": "${secret}" `],
    ["a secret alone", `${secret}`],
  ];
  for (const [title, value] of wrong) {
    it(`refuses and does not show ${title}`, async () => {
      const message = await complaint(value);
      assert.ok(!message.includes(secret) && !message.includes("horse"), message);
    });
  }
});

describe("the hosts of a stack, for the command line", () => {
  const secret = (plaintext?: unknown) => ({
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    ...(plaintext === undefined ? { ciphertext: "v1:…" } : { plaintext: JSON.stringify(plaintext) }),
  });
  const placement = (name: string, inventory: unknown, more: object = {}) => ({
    urn: `urn:pulumi:prod::placements::pulumi-nodejs:dynamic/libvirt:VmPlacement::${name}`,
    type: "pulumi-nodejs:dynamic/libvirt:VmPlacement",
    inputs: { domain: name, host: "kvm-n", ...(inventory !== undefined && { inventory }) },
    ...more,
  });
  const made = { "kvm-n": { address: "10.0.0.13", passphrase: "hush-hush" } };

  /** What `pulumi` prints, or how it fails, by its words. */
  async function settings(answers: { hosts?: unknown; state?: unknown; decrypted?: unknown }) {
    const calls: string[] = [];
    const answer = (value: unknown) =>
      value instanceof Error ? Promise.reject(value) : Promise.resolve(JSON.stringify(value));
    const config =
      answers.hosts === undefined ? {} : { "vm-placement:hosts": { value: JSON.stringify(answers.hosts) } };
    const resources = (value: unknown) => (value instanceof Error ? value : { deployment: { resources: value } });
    const found = await settingsFromStack("prod", (words) => {
      calls.push(words.join(" "));
      if (words[0] === "config") return answer(config);
      return answer(resources(words.includes("--show-secrets") ? answers.decrypted : answers.state));
    });
    return { ...found, calls };
  }
  const hosts = { "kvm-a": { address: "10.0.0.11" } };

  it("are those of its configuration, and nothing of its state is decrypted", async () => {
    const { inventory, notes, calls } = await settings({ hosts, state: [placement("db-01", undefined)] });
    assert.deepEqual([Object.keys(inventory), notes], [["kvm-a"], []]);
    assert.deepEqual(calls.sort(), ["config --show-secrets --json --stack prod", "stack export --stack prod"]);
  });

  it("are those of its placements too, of every language's, and what is secret in them stays so", async () => {
    const state = [
      placement("db-01", secret()),
      placement("db-02", secret()),
      placement(
        "web",
        { "kvm-m": { address: "10.0.0.14", privateKey: secret() } },
        { type: "vm-placement:index:VmPlacement" },
      ),
      placement("old", secret(), { delete: true }),
      { ...placement("other", secret()), type: "aws:ec2:Instance" },
    ];
    const decrypted = [
      placement("db-01", secret(made)),
      placement("db-02", secret({ ...made, "kvm-a": { address: "192.0.2.1" } })),
      placement(
        "web",
        { "kvm-m": { address: "10.0.0.14", privateKey: secret("a private key") } },
        { type: "vm-placement:index:VmPlacement" },
      ),
      placement("old", secret({ "kvm-old": {} }), { delete: true }),
      { ...placement("other", secret({ "kvm-x": {} })), type: "aws:ec2:Instance" },
    ];
    const { inventory, notes, mask } = await settings({ hosts, state, decrypted });
    assert.deepEqual(notes, []);
    assert.deepEqual(inventory, {
      "kvm-a": { name: "kvm-a", address: "10.0.0.11" },
      "kvm-n": { name: "kvm-n", ...made["kvm-n"] },
      "kvm-m": { name: "kvm-m", address: "10.0.0.14", privateKey: "a private key" },
    });
    assert.equal(mask("hush-hush and a private key at 10.0.0.13"), "[secret] and [secret] at 10.0.0.13");
    // The program makes them all.
    assert.deepEqual(Object.keys((await settings({ state, decrypted })).inventory), ["kvm-n", "kvm-a", "kvm-m"]);
  });

  it("are left out with a note where they cannot be read, differ or are wrong", async () => {
    const noted = async (answers: Parameters<typeof settings>[0]) => {
      const { inventory, notes = [] } = await settings({ hosts, ...answers });
      assert.deepEqual(Object.keys(inventory), ["kvm-a"]);
      return notes.join("\n");
    };
    const failed = Object.assign(new Error("exit 255"), { stderr: "error: incorrect passphrase" });
    assert.match(await noted({ state: [placement("db-01", secret())], decrypted: failed }), /^pulumi cannot decrypt the state: error: incorrect passphrase\nthe hosts in the inventory of db-01 are left out: .* --inventory FILE/); // prettier-ignore
    assert.match(
      await noted({ state: failed }),
      /^the state cannot be read, .*: error: incorrect passphrase; .*--inventory FILE/,
    );
    const differ = [
      placement("db-01", secret(made)),
      placement("db-02", secret({ "kvm-n": { address: "10.0.0.99" } })),
    ];
    assert.match(
      await noted({ state: differ, decrypted: differ }),
      /^kvm-n is left out: placements of the state describe it differently/,
    );
    const wrong = [placement("db-01", secret({ "kvm-n": { passphrase: 5, adress: "hush-hush" } }))];
    const note = await noted({ state: wrong, decrypted: wrong });
    assert.match(note, /^the inventory of db-01 in the state cannot be used: inventory\.kvm-n/);
    assert.ok(!note.includes("hush"));
  });

  it("are none where neither has one", async () => {
    await assert.rejects(settings({ state: [] }), /the stack's configuration has no hosts \(vm-placement:hosts\)/);
  });
});
