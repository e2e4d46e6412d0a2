import assert from "node:assert/strict";
import fc from "fast-check";
import { parsePeer } from "../../../../provider/preflight/probes/reach";

describe("how the source reaches the destination", () => {
  it("tells a closed port from a filtered one, one without a route and one without a name", () => {
    const answers: [code: number, stderr: string, expected: string][] = [
      [0, "", "open"],
      [124, "", "silent"],
      [1, "bash: connect: Connection refused", "refused"],
      [1, "bash: connect: No route to host", "rejected"],
      [1, "bash: kvm-z: Name or service not known\nbash: /dev/tcp/kvm-z/22: Invalid argument", "unresolved"],
    ];
    for (const [code, stderr, expected] of answers) {
      const text = `\n@@ control\n${code}\n\n@@ control.err\n${stderr}\n\n@@ data-49152\n${code}\n@@ data-49152.err\n${stderr}\n@@ login\n255 812\n@@ login.err\nHost key verification failed.\n@@ end\n`;
      const { control, dataPorts, login, ping } = parsePeer(text)!;
      assert.equal(control, expected);
      assert.deepEqual(dataPorts, [{ port: 49_152, answer: expected }]);
      assert.deepEqual(login, { code: 255, tookMs: 812, stderr: "Host key verification failed." });
      assert.equal(ping, undefined);
    }
    assert.equal(parsePeer("@@ control\n127\n@@ control.err\nsh: timeout: not found\n@@ end\n")!.control, undefined);
  });

  it("has the addresses of a name and the host UUID behind it", () => {
    const uuid = "aaaaaaaa-0000-4000-8000-000000000002";
    const { resolved, hostUuid } = parsePeer(`@@ resolved\nfe80::1%eth0\n10.9.0.12\n\n@@ identity\n${uuid}\n@@ end\n`)!;
    assert.deepEqual({ resolved, hostUuid }, { resolved: ["fe80::1", "10.9.0.12"], hostUuid: uuid });
    const nothing = parsePeer("@@ resolved\n\n@@ identity\nerror: no\n@@ end\n")!;
    assert.deepEqual({ resolved: nothing.resolved, hostUuid: nothing.hostUuid }, { resolved: [], hostUuid: undefined });
  });

  it("counts for nothing when it was cut off", () => {
    assert.equal(parsePeer("@@ control\n0\n"), undefined);
  });

  it("is never the end of its reader, whatever it says", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const answer of [text, `@@ ${text}\n@@ end\n`]) parsePeer(answer);
      }),
      { numRuns: 1000 },
    );
  });
});
