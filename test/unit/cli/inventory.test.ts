import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { settingsFromFile, UsageError } from "../../../provider/cli/inventory";

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
