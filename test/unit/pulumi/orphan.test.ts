import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Server } from "node:net";
import { endWithEngine } from "../../../provider/pulumi/orphan";

describe("a provider whose engine was killed", () => {
  const listening = (server: Server) =>
    new Promise<string>((resolve) =>
      server.listen(0, "127.0.0.1", () => resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`)),
    );

  it("ends, and not before", async () => {
    let queries = 0;
    let ended = 0;
    const engine = createServer((socket) => {
      queries++;
      socket.on("error", () => {}).destroy();
    });
    const address = await listening(engine);
    const end = new Promise<void>((resolve) => endWithEngine(address, () => resolve(void ended++), 5));
    while (queries < 5) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(ended, 0);
    engine.close();
    await end;
    assert.equal(ended, 1);
  });

  it("ends only after some time where no engine was seen: one may be on its way", async () => {
    const server = createServer();
    const address = await listening(server);
    server.close();
    const startedAt = performance.now();
    await new Promise<void>((resolve) => endWithEngine(address, resolve, 10));
    assert.ok(performance.now() - startedAt >= 280);
  });

  it("is not looked for where there is no engine", () => {
    for (const address of [undefined, "--reporter", "spec"]) endWithEngine(address, () => assert.fail(), 1);
  });
});
