import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { type MigrationArgs, VmPlacement, type VmPlacementArgs } from "../../provider";

type Props = Record<string, unknown>;
const type = "pulumi-nodejs:dynamic/libvirt:VmPlacement";

describe("resource: what a program registers", () => {
  const registered: { type: string; name: string; inputs: Props }[] = [];

  before(async () => {
    await pulumi.runtime.setMocks(
      {
        newResource: ({ type: token, name, inputs }) => {
          registered.push({ type: token, name, inputs: inputs as Props });
          return { id: `${name}-id`, state: { ...(inputs as Props), currentHost: "kvm-a" } };
        },
        call: () => ({}),
      },
      "placements",
      "prod",
    );
  });
  beforeEach(() => void registered.splice(0));

  function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
    return new Promise((resolve) => output.apply((value) => resolve(value)));
  }

  async function register(args: VmPlacementArgs, options?: pulumi.CustomResourceOptions): Promise<Props> {
    const placement = new VmPlacement("db", args, options);
    await valueOf(placement.urn);
    await valueOf(placement.id);
    return registered.findLast(({ name }) => name === "db")!.inputs;
  }

  it("is the token that states hold, and the newest of the texts that releases have shipped", async () => {
    const { __provider: text } = await register({ domain: "db-01", host: "kvm-a" });
    assert.deepEqual(
      registered.map((one) => one.type),
      [type],
    );
    const texts = JSON.parse(readFileSync(join(__dirname, "../contract/provider-texts.json"), "utf8")) as string[];
    assert.equal(text, texts.at(-1));
    assert.ok(!String(text).includes("\n"));
  });

  it("is the arguments, the text, the URN and whether this is a preview; outputs that nobody set are not sent", async () => {
    const migration: MigrationArgs = { timeout: "5m", postCopy: { after: "20s" } };
    const inputs = await register({ domain: "db-01", host: ["kvm-a", "kvm-b"], migration });
    const { __provider: _, ...rest } = inputs;
    const sent = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    assert.deepEqual(sent, {
      domain: "db-01",
      host: ["kvm-a", "kvm-b"],
      migration,
      __urn: `urn:pulumi:prod::placements::${type}::db`,
      __dryRun: false,
    });
  });

  it("has the URN that Pulumi gives it inside a component too", async () => {
    const parent = new pulumi.ComponentResource("acme:index:Cluster", "cluster");
    const { __urn: urn } = await register({ domain: "db-01", host: "kvm-a" }, { parent });
    assert.equal(urn, `urn:pulumi:prod::placements::acme:index:Cluster$${type}::db`);
  });

  it("waits for no other placement of the same component", async () => {
    const parent = new pulumi.ComponentResource("acme:index:Cluster", "rack");
    const both = ["db", "web"].map((name) => new VmPlacement(name, { domain: name, host: "kvm-a" }, { parent }));
    const ids = await Promise.all(both.map(({ id }) => valueOf(id)));
    assert.deepEqual(ids, ["db-id", "web-id"]);
  });

  describe("the stack traces that the SDK takes of its own promises", () => {
    const { stackTraceLimit } = Error;
    const prepare = Object.getOwnPropertyDescriptor(Error, "prepareStackTrace");
    let taken: number;
    beforeEach(() => {
      taken = 0;
      Error.stackTraceLimit = 7;
      Error.prepareStackTrace = (error, frames) => {
        if (frames.length > 0) taken++;
        return `${error.message} at ${frames.map((frame) => frame.getFileName()).join(", ")}`;
      };
    });
    afterEach(() => {
      delete process.env["PULUMI_DEBUG_PROMISE_LEAKS"];
      Error.stackTraceLimit = stackTraceLimit;
      if (prepare) Object.defineProperty(Error, "prepareStackTrace", prepare);
      else Reflect.deleteProperty(Error, "prepareStackTrace");
    });
    const declare = () => new VmPlacement("traced", { domain: "db-01", host: "kvm-a" });

    it("are not taken: only the one that says where the program declares the placement", () => {
      declare();
      assert.equal(taken, 1);
      assert.equal(Error.stackTraceLimit, 7);
    });

    it("are taken to find a promise that never settles", () => {
      process.env["PULUMI_DEBUG_PROMISE_LEAKS"] = "1";
      declare();
      assert.ok(taken > 20, String(taken));
      assert.equal(Error.stackTraceLimit, 7);
    });

    it("do not take the program's line from an error", () => {
      assert.throws(
        () => new VmPlacement("", { domain: "db-01", host: "kvm-a" }),
        ({ message, stack }: Error) => /Missing resource name/.test(message) && /resource\.test/.test(String(stack)),
      );
      assert.equal(Error.stackTraceLimit, 7);
    });
  });

  it("offers its outputs", async () => {
    const placement = new VmPlacement("db", { domain: "db-01", host: "kvm-a" });
    assert.equal(await valueOf(placement.currentHost), "kvm-a");
    assert.equal(await valueOf(placement.domain), "db-01");
  });

  it("is told apart from other resources", () => {
    const placement = new VmPlacement("db", { domain: "db-01", host: "kvm-a" });
    assert.equal(VmPlacement.isInstance(placement), true);
    assert.equal(VmPlacement.isInstance(new pulumi.ComponentResource("acme:index:Cluster", "other")), false);
    assert.equal(VmPlacement.isInstance(undefined), false);
    assert.equal(VmPlacement.__pulumiType, type);
  });

  it("takes outputs of other resources for any value", async () => {
    const text = pulumi.output("kvm-b");
    const inputs = await register({
      domain: pulumi.output("db-01"),
      host: [text, "kvm-c"],
      migration: {
        timeout: pulumi.output("5m"),
        parallel: { connections: pulumi.output(4) },
        compression: pulumi.output({ methods: ["xbzrle" as const] }),
        tls: pulumi.output(true),
      },
    });
    assert.deepEqual(
      { domain: inputs["domain"], host: inputs["host"], migration: inputs["migration"] },
      {
        domain: "db-01",
        host: ["kvm-b", "kvm-c"],
        migration: {
          timeout: "5m",
          parallel: { connections: 4 },
          compression: { methods: ["xbzrle"] },
          tls: true,
        },
      },
    );
    const whole: pulumi.Output<MigrationArgs> = pulumi.output({ mode: "live" as const });
    const { migration } = await register({ domain: "db-01", host: pulumi.output("kvm-a"), migration: whole });
    assert.deepEqual(migration, { mode: "live" });
  });
});
