import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { createDisplay } from "../../../provider/pulumi/display";
import { type FakeEngine, type LogLine, startEngine } from "../../support/fake-engine";

describe("engine: what the user sees", () => {
  const urn = "urn:pulumi:prod::p::pulumi-nodejs:dynamic/libvirt:VmPlacement::db";
  let engine: FakeEngine;
  let lines: LogLine[];

  beforeEach(async () => {
    lines = [];
    engine = await startEngine((line) => lines.push(line));
  });
  afterEach(() => engine.server.forceShutdown());

  it("texts arrive in the resource's row, in order: live ones ephemeral, the others lasting", async () => {
    const display = createDisplay(`127.0.0.1:${engine.port}`);
    const row = display.row(urn);
    row.live("pre-copy 1 %");
    row.live("pre-copy 2 %");
    row.info("moved");
    row.warn("leftover");
    display.row("").info("for the stack");
    display.debug("for the curious");
    await display.flush();
    assert.deepEqual(lines, [
      { severity: "info", message: "pre-copy 1 %", urn, ephemeral: true },
      { severity: "info", message: "pre-copy 2 %", urn, ephemeral: true },
      { severity: "info", message: "moved", urn, ephemeral: false },
      { severity: "warning", message: "leftover", urn, ephemeral: false },
      { severity: "info", message: "for the stack", urn: "", ephemeral: false },
      { severity: "debug", message: "for the curious", urn: "", ephemeral: false },
    ]);
  });

  const texts: [title: string, given: string, shown: string][] = [
    ["colours", "\u001b[31mred\u001b[0m", "red"],
    ["a title of the terminal's window", "\u001b]0;owned\u0007text", "text"],
    ["a clearing of the screen", "a\u001b[2Jb", "ab"],
    ["a directive of Pulumi's display", "<{%reset%}>text", "<{ %reset%}>text"],
  ];
  for (const [title, given, shown] of texts) {
    it(`${title} in a host's words has no effect on the terminal`, async () => {
      const display = createDisplay(`127.0.0.1:${engine.port}`);
      display.row(urn).info(given);
      await display.flush();
      assert.equal(lines[0]?.message, shown);
    });
  }

  it("without an engine, all is silent and nothing waits", async () => {
    for (const address of [undefined, "", "--help", "no address"]) {
      const display = createDisplay(address);
      display.row(urn).live("x");
      display.row(urn).info("x");
      display.row(urn).warn("x");
      await display.flush();
    }
    assert.deepEqual(lines, []);
  });

  it("an engine that has gone keeps nobody waiting, and fails nothing", async () => {
    engine.server.forceShutdown();
    const display = createDisplay(`127.0.0.1:${engine.port}`);
    display.row(urn).info("x");
    await display.flush();
  });

  it("an engine that never answers keeps nobody waiting", async () => {
    const sockets: Socket[] = [];
    const mute = createServer((socket) => sockets.push(socket.on("error", () => {}))).listen(0, "127.0.0.1");
    await once(mute, "listening");
    try {
      const display = createDisplay(`127.0.0.1:${(mute.address() as { port: number }).port}`);
      display.row(urn).info("x");
      await display.flush();
    } finally {
      sockets.forEach((socket) => socket.destroy());
      mute.close();
    }
  });
});
