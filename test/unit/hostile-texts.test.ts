/** Whatever hosts say, nothing that a person sees or that the state keeps acts on a terminal or on Pulumi's display. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { noTerminal } from "../support/cli";
import { run } from "../../provider/cli/run";
import { errorCodes } from "../../provider/core/errorCodes";
import { PlacementError } from "../../provider/core/errors";
import { createDisplay } from "../../provider/pulumi/display";
import { createHandlers } from "../../provider/handlers";
import { parseImages } from "../../provider/preflight/probes/images";
import { parsePeer } from "../../provider/preflight/probes/reach";
import { parseQemuConf } from "../../provider/virsh/qemuConf";
import { createDial } from "../../provider/ssh";
import { readFailure } from "../../provider/virsh/failures";
import { parseCpuComparison } from "../../provider/virsh/hostXml";
import { parseDomState, parseHostname, parseJobInfo, parseVersions } from "../../provider/virsh/parse";
import { startDisconnectingServer } from "../support/disconnecting-server";
import { type LogLine, startEngine } from "../support/fake-engine";
import { fakeDomain, SimulatedLab, fakeUuid } from "../../lab/simulated";
import { assertAllClean, assertClean, nastyLine, nastyTexts } from "../support/nasty";

const nasty = fc
  .array(fc.oneof(fc.constantFrom(...Object.values(nastyTexts)), fc.string({ unit: "binary", maxLength: 10 })), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => parts.join(""));
const context = { domain: "db-01", source: "kvm-a", destination: "kvm-b" };
const urn = "urn:pulumi:prod::p::pulumi-nodejs:dynamic/libvirt:VmPlacement::db";
const inventory = { "kvm-a": { name: "kvm-a" }, "kvm-b": { name: "kvm-b" } };
/** Nobody waits. */
let nowMs = Date.UTC(2026, 0, 2);
const clock = {
  now: () => nowMs,
  sleep: async (ms: number) => {
    nowMs += ms;
    await new Promise((resolve) => setImmediate(resolve));
  },
};

/** Ways of a host to say something: each is told the text. */
const hosts: Record<string, (fake: SimulatedLab, text: string) => void> = {
  "the list of domains fails": (fake, text) => fake.hosts.get("kvm-a")!.failing.set("list --all --uuid --name", text),
  "a state": (fake, text) => fake.hosts.get("kvm-a")!.answers.set("domstate", `running${oneLine(text)}`),
  "a reason": (fake, text) => fake.hosts.get("kvm-a")!.answers.set("domstate", `running (${oneLine(text)})`),
  "a state that fails": (fake, text) => fake.hosts.get("kvm-a")!.failing.set("domstate", text),
  "the name of the VM": (fake, text) => (fake.hosts.get("kvm-a")!.domains[0]!.name = `x${oneLine(text)}`),
  "a version": (fake, text) => (fake.hosts.get("kvm-b")!.options.libvirt = oneLine(text)),
  "a host name": (fake, text) => fake.hosts.get("kvm-b")!.answers.set("hostname", oneLine(text)),
  "the end of a migration": (fake, text) => (fake.onMigrate = () => Promise.resolve(text)),
  "a job": (fake, text) => fake.hosts.get("kvm-a")!.failing.set("domjobinfo", text),
  "the log of a failed migration": (fake, text) => {
    fake.onMigrate = () => Promise.resolve("End of file while reading data: Input/output error");
    fake.hosts.get("kvm-b")!.log = `2026-01-01 00:00:00.000+0000: 1: error : f:1 : ${oneLine(text)}\n`;
  },
  "the definition": (fake, text) =>
    fake.hosts
      .get("kvm-a")!
      .answers.set(
        "dumpxml",
        `<domain type='kvm'><name>x</name><memory>1</memory><devices><hostdev type='${attribute(text)}'/><disk type='file' device='disk'><source file='/${attribute(text)}'/><target dev='${attribute(text)}'/></disk><interface type='bridge'><source bridge='${attribute(text)}'/></interface><filesystem><target dir='${attribute(text)}'/></filesystem><interface><filterref filter='${attribute(text)}'/></interface><disk type='network'><auth><secret type='ceph' usage='${attribute(text)}'/></auth><target dev='vdb'/></disk></devices></domain>`,
      ),
  "a definition that cannot be read": (fake, text) => fake.hosts.get("kvm-a")!.answers.set("dumpxml", text),
  "secrets and filters": (fake, text) => {
    fake.hosts
      .get("kvm-a")!
      .answers.set(
        "dumpxml",
        "<domain type='kvm'><name>x</name><memory>1</memory><devices><interface><filterref filter='f'/></interface><disk type='network'><auth><secret type='ceph' usage='a'/></auth><target dev='vdb'/></disk></devices></domain>",
      );
    for (const list of ["secret-list", "nwfilter-list"])
      fake.hosts.get("kvm-b")!.answers.set(list, `${fakeUuid} ${oneLine(text)}`);
  },
  networks: (fake, text) => fake.hosts.get("kvm-b")!.answers.set("net-list", oneLine(text)),
  snapshots: (fake, text) => {
    hosts["the definition"]!(fake, "a");
    fake.hosts.get("kvm-a")!.answers.set("snapshot-list", oneLine(text));
  },
};

const oneLine = (text: string) => text.replaceAll("\n", " ");
/** As libvirt writes it; characters that XML cannot have become a space. */
const attribute = (text: string) =>
  [...text]
    .map((character) => {
      const code = character.codePointAt(0)!;
      const inXml =
        code === 9 || code === 10 || code === 13 || (code >= 0x20 && code < 0xd800) || (code > 0xdfff && code < 0xfffe);
      return inXml || code > 0xffff ? `&#${code};` : " ";
    })
    .join("");

function worldWith(how: string, text: string): SimulatedLab {
  const fake = new SimulatedLab();
  fake.add("kvm-a", [fakeDomain()]);
  fake.add("kvm-b");
  hosts[how]!(fake, text);
  return fake;
}

/** Everything that comes back to the engine from a refresh, a preview and an up. */
async function throughPulumi(fake: SimulatedLab): Promise<{ results: unknown; rows: string[] }> {
  const rows: string[] = [];
  const lines: LogLine[] = [];
  const engine = await startEngine((line) => lines.push(line));
  const handlers = createHandlers({
    dial: () => fake.dial,
    sshHosts: () => [],
    clock,
    display: createDisplay(`127.0.0.1:${engine.port}`),
  });
  void handlers.configure({
    config: { get: (key) => (key === "vm-placement:hosts" ? JSON.stringify({ "kvm-a": {}, "kvm-b": {} }) : undefined) },
  });
  const results: unknown[] = [];
  const keep = async (work: Promise<unknown>) => {
    results.push(await work.catch((error: Error) => ({ ...error, message: error.message, stack: error.stack })));
  };
  const props = { domain: fakeUuid, host: "kvm-b", __urn: urn };
  const inputs = (await handlers.check({}, props)).inputs as Record<string, unknown>;
  const state = { ...inputs, host: "kvm-a", currentHost: "kvm-a", domainUuid: fakeUuid, state: "running" };
  await keep(handlers.read(fakeUuid, state));
  await keep(handlers.diff(fakeUuid, state, inputs));
  await keep(handlers.update(fakeUuid, state, inputs));
  engine.server.forceShutdown();
  rows.push(...lines.map(({ message }) => message));
  return { results, rows };
}

async function throughCommandLine(fake: SimulatedLab, words: string[]): Promise<string> {
  let printed = "";
  const print = (text: string) => (printed += text);
  const settings = () =>
    Promise.resolve({ inventory, uri: "qemu:///system", ssh: "auto" as const, mask: (text: string) => text });
  await run(words, { dial: () => fake.dial, clock, settings, local: noTerminal, print, complain: print });
  return printed;
}

describe("hostile texts", function () {
  this.timeout(60_000);

  for (const how of Object.keys(hosts)) {
    it(`${how}: rows, errors and state are clean`, async () => {
      const { results, rows } = await throughPulumi(worldWith(how, nastyLine));
      assertAllClean(results, how);
      assertAllClean(rows, `a row of ${how}`);
    });

    it(`${how}: plan and doctor are clean, as text and as JSON`, async () => {
      for (const words of [["plan", fakeUuid], ["doctor"]]) {
        assertClean(await throughCommandLine(worldWith(how, nastyLine), words), `${words[0]}: ${how}`);
        const json = await throughCommandLine(worldWith(how, nastyLine), [...words, "--json"]);
        if (json.startsWith("{")) assertAllClean(JSON.parse(json), `${words[0]} --json: ${how}`);
        assertClean(json);
      }
    });
  }

  it("no reader of what is only shown lets anything through", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const line = oneLine(text);
        assertAllClean(readFailure(text, context));
        assertAllClean(readFailure(`a@b: Permission denied (publickey): ${text}`, context));
        assertAllClean([parseDomState(text), parseVersions(text), parseHostname(text)]);
        assertAllClean(parseVersions(`Running against daemon: ${line}\nRunning hypervisor: QEMU ${line}\n`));
        assertAllClean(parseJobInfo(`Job type: 4\nerrmsg: ${line}\n`));
        assertAllClean(parseCpuComparison(1, `CPU is incompatible with ${line}\nrequired features: ${line}, ${line}`));
        assertAllClean(parseQemuConf(`# readable\nuser = "${line}"\nmigration_host = "${line}"`));
        assertAllClean(parsePeer(`@@ login\n1 1\n@@ login.err\n${line}\n@@ end\n`));
        const json = JSON.stringify({ format: text, "virtual-size": text });
        assertAllClean(
          parseImages(`@@ /a\nexists=1\nfstype=${line}\nmount=${line}\nserial=${line}\njson=${json}\n@@ end\n`),
        );
      }),
      { numRuns: 500 },
    );
  });

  it("an error has nothing of it, whatever it is made of, and has an end", () => {
    fc.assert(
      fc.property(nasty, fc.constantFrom(...errorCodes), (text, code) => {
        const error = new PlacementError({
          code,
          phase: "migrate",
          action: text,
          message: text,
          remedies: [{ do: text }],
          host: text,
        });
        assertAllClean([
          error.message,
          error.problem.message,
          ...error.problem.remedies.map((remedy) => remedy.do),
          error.problem.action,
        ]);
        assertAllClean(error.with({ message: `${error.problem.message}${text}` }).message);
      }),
    );
    const long = "x".repeat(1_000_000);
    const error = new PlacementError({
      code: "libvirtDown",
      phase: "observe",
      action: long,
      message: long,
      remedies: [{ do: long }],
    });
    assert.match(error.problem.message, /x… \(991,\d\d\d more bytes\)$/);
    assert.ok(error.message.length < 20_000);
  });

  for (const [title, text] of Object.entries({ ...nastyTexts, "32 KB of a directive": "<{%x%}>".repeat(4500) })) {
    it(`an ssh server without a known key that says ${title}`, async () => {
      const server = await startDisconnectingServer(text);
      const dial = createDial({ inventory: undefined, home: "/nowhere", env: {}, sshConfigFile: "/nowhere" });
      const host = { name: "kvm-a", address: "127.0.0.1", port: server.port, user: "root", agent: false };
      await assert.rejects(dial(host), (error: PlacementError) => {
        assert.equal(error.code, "hostUnreachable");
        assert.match(error.message, /the ssh handshake failed: /);
        assertAllClean([error.message, error.problem.message, ...error.problem.remedies.map((remedy) => remedy.do)]);
        assert.ok(error.message.length < 1500, `${error.message.length}`);
        return true;
      });
      await server.close();
    });
  }

  it("a version line of an ssh server", async () => {
    for (const version of [`SSH-1.0-${nastyLine}`, nastyLine, `${nastyLine}\r\nSSH-2.0-${nastyLine}`]) {
      const server = await startDisconnectingServer(nastyLine, version);
      const dial = createDial({
        inventory: undefined,
        home: "/nowhere",
        env: {},
        sshConfigFile: "/nowhere",
        connectTimeoutMs: 500,
      });
      const host = { name: "kvm-a", address: "127.0.0.1", port: server.port, user: "root", agent: false };
      await assert.rejects(
        dial(host),
        (error: PlacementError) => (assertAllClean([error.message, error.problem.message]), true),
      );
      await server.close();
    }
  });
});
