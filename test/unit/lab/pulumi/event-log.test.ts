import { strictEqual } from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { problemIn } from "../../../../lab/pulumi/event-log";

const diagnostic = (severity: string, message: string) => JSON.stringify({ diagnosticEvent: { severity, message } });

describe("the log of the engine's events", () => {
  const dir = mkdtempSync(join(tmpdir(), "event-log-"));
  after(() => rmSync(dir, { recursive: true }));
  const logOf = (...lines: string[]) => {
    const file = join(dir, "events.json");
    writeFileSync(file, lines.join("\n"));
    return file;
  };

  it("has the problem that the provider noted", () => {
    const file = logOf(
      JSON.stringify({ preludeEvent: {} }),
      diagnostic("debug", "RegisterResource RPC prepared\n"),
      diagnostic("debug", '{"problem":{"code":"hostUnreachable"}}\n'),
      diagnostic("error", "cannot move db-01 [hostUnreachable]\n"),
      "",
    );
    strictEqual(problemIn(file)?.code, "hostUnreachable");
  });

  it("has none where nothing failed, or `pulumi` was killed", () => {
    const begun = diagnostic("debug", '{"problem":{}}').slice(0, -1);
    strictEqual(problemIn(logOf(diagnostic("info", "moved"), begun)), undefined);
    strictEqual(problemIn(join(dir, "none")), undefined);
  });
});
