import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { join } from "node:path";

const root = join(__dirname, "../..");

/** Of a fresh provider process, after `script`. */
function loadedAfter(script: string): string[] {
  const all = `${script}; process.on("exit", () => console.log(Object.keys(require.cache).join("\\n")))`;
  const args = ["-r", "ts-node/register/transpile-only", "-e", all];
  const loaded = execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  return loaded.split("\n").map((path) => path.slice(root.length + 1));
}

describe("what the provider process loads", () => {
  const configured = `
    const handlers = require("./provider/handlers");
    void handlers.configure({ config: { get: (key) => key === "vm-placement:hosts" ? '{"kvm-a":{},"kvm-b":{}}' : undefined } });`;

  it("begins without what asks hosts, ssh2, XML and gRPC, and checks and compares without them", () => {
    const loaded = loadedAfter(`${configured}
      handlers.check({}, { domain: "db", host: "kvm-a" })
        .then(({ inputs }) => handlers.diff("1", { ...inputs, currentHost: "kvm-a" }, inputs))
        .then(({ changes }) => { if (changes !== false) process.exit(1); });`);
    assert.ok(loaded.some((path) => path.startsWith("provider/pulumi/check")));
    const unneeded =
      /^node_modules\/(ssh2|saxes|@grpc\/grpc-js)\/|^provider\/(reconcile|preflight|ssh\/index|core\/problems)/;
    assert.deepEqual(
      loaded.filter((path) => unneeded.test(path)),
      [],
    );
  });
});
