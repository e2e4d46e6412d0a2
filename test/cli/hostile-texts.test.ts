import assert from "node:assert/strict";
import type { Lab } from "../../lab/libvirt";
import { Stack } from "../../lab/pulumi/stack";
import { type DisconnectingServer, startDisconnectingServer } from "../support/disconnecting-server";
import { assertAllClean, nastyTexts } from "../support/nasty";

const words = `bye <{%nonsense%}> ${Object.values(nastyTexts).join(" ")}`;

/** A server that answers in place of a host, before any host key was checked. */
describe("an ssh server that speaks to the terminal", function () {
  this.timeout(15 * 60_000);
  let server: DisconnectingServer;
  let stack: Stack;

  before(async () => {
    server = await startDisconnectingServer(words);
    const inventory = { "kvm-a": { address: "127.0.0.1", port: server.port, user: "root", agent: false } };
    // Nothing of a lab but its inventory is asked for.
    stack = await Stack.create({ inventory: () => inventory } as unknown as Lab);
  });
  after(async () => {
    stack?.remove();
    await server?.close();
  });

  it("fails `pulumi up` with its words made harmless, and leaves neither a lock nor a pending operation", async () => {
    stack.declare({ db: { args: { domain: "db-01", host: "kvm-a" } } });
    for (const colour of ["always", "never"]) {
      const { code, stdout, stderr } = await stack.up(["--color", colour]);
      const text = stdout + stderr;
      assert.ok(!/panic|goroutine|Unrecognized color/.test(text), text);
      assert.equal(code, 1, text);
      assert.match(text, /the ssh handshake failed: bye <\{ %nonsense%\}>/);
      assert.match(text, /\[hostUnreachable\]/);
      // Pulumi's own colours are the only sequences.
      // eslint-disable-next-line no-control-regex
      assertAllClean(text.replace(/\u001b\[[\d;]*m/g, ""));
      assert.deepEqual(stack.saved().pending_operations ?? [], []);
    }
    assertAllClean(JSON.parse(JSON.stringify(stack.saved())));
  });
});
