/** A Go program with the SDK of schema.json, in Pulumi's own language host. */
import assert from "node:assert/strict";
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ensureGoHost, ensureSdkGenerator, sdkModule } from "../../lab/pulumi/go-programs";
import { runCommand } from "../../lab/pulumi/run-command";
import { copyPlugin } from "../support/plugin";
import { describeWithStack } from "../support/stack";

const root = join(__dirname, "../..");

/** A placement and a fleet, whose hosts are the configuration `db` and `web`. */
const program = `package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"pulumi-vm-placement/sdk/go/vmplacement"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		asked := config.New(ctx, "")
		db, err := vmplacement.NewVmPlacement(ctx, "db", &vmplacement.VmPlacementArgs{
			Domain:    pulumi.String("db-01"),
			Host:      pulumi.String(asked.Require("db")),
			Migration: &vmplacement.MigrationArgs{AutoConverge: pulumi.Bool(true), Timeout: pulumi.String("5m")},
		})
		if err != nil {
			return err
		}
		fleet, err := vmplacement.NewVmFleet(ctx, "prod", &vmplacement.VmFleetArgs{
			Placements: pulumi.Map{
				"vms": pulumi.Map{"web-01": pulumi.String(asked.Require("web")), "web-02": pulumi.String("kvm-b")},
				"rules": pulumi.Array{
					pulumi.Map{"apart": pulumi.Array{pulumi.String("web-01"), pulumi.String("web-02")}},
				},
			},
		})
		if err != nil {
			return err
		}
		ctx.Export("where", db.CurrentHost)
		ctx.Export("hosts", fleet.Hosts)
		return nil
	})
}
`;

describeWithStack("a Go program", { stack: { through: "provider" } }, (lab, stack) => {
  let env: Record<string, string> = {};

  before(async function () {
    // Host and generator are built once, and Pulumi's SDK is compiled; then it is in Go's own cache.
    this.timeout(15 * 60_000);
    const log = (line: string) => console.error(line);
    const host = await ensureGoHost(log);
    const generator = await ensureSdkGenerator(log);
    if (host === undefined || generator === undefined) return this.skip();
    const [project, sdks] = ["project", "sdks"].map((name) => join(stack().dir, name)) as [string, string];
    // The host compiles the program before each run; with these flags Go has compiled Pulumi's SDK in sdks.test.ts already.
    env = {
      PATH: [host, stack().pulumi.env["PATH"]].join(delimiter),
      ...{ GOCACHE: await goEnv("GOCACHE"), GOMODCACHE: await goEnv("GOMODCACHE") },
      ...{ GOFLAGS: "-mod=mod -trimpath", GOWORK: "off" },
    };
    await expectSuccess(generator, [join(root, "schema.json"), sdks], sdks);
    cpSync(join(sdks, "go/vmplacement"), join(project, "vmplacement"), { recursive: true });
    const modules = readFileSync(join(sdkModule, "go.mod"), "utf8");
    writeFileSync(join(project, "go.mod"), modules.replace(/^module .*$/m, "module pulumi-vm-placement/sdk/go"));
    copyFileSync(join(sdkModule, "go.sum"), join(project, "go.sum"));
    writeFileSync(join(project, "main.go"), program);
    await expectSuccess("go", ["build", "-o", join(sdks, "program"), "."], project);
    const packages = { "vm-placement": copyPlugin(stack().dir) };
    writeFileSync(join(project, "Pulumi.yaml"), JSON.stringify({ name: "placements", runtime: "go", packages }));
    const own = { disk: "none", memoryMiB: 32, dirtyMiB: 4, dirtyRate: 4 } as const;
    for (const name of ["db-01", "web-01"]) await lab().startGuest({ name, host: "kvm-a", ...own });
    await lab().startGuest({ name: "web-02", host: "kvm-b", ...own });
  });

  async function expectSuccess(command: string, args: string[], cwd: string): Promise<string> {
    mkdirSync(cwd, { recursive: true });
    const { code, stdout, stderr } = await runCommand(command, args, { cwd, env: { ...process.env, ...env } });
    assert.equal(code, 0, `${command}: ${stdout}${stderr}`);
    return stdout.trim();
  }

  /** Of this account: the tests run with a home directory of their own. */
  const goEnv = (name: string) => expectSuccess("go", ["env", name], root);

  const pulumi = async (args: string[]) => {
    const { code, stdout, stderr } = await stack().pulumi.run(args, { env });
    return { code, text: stdout + stderr };
  };
  const up = async () => {
    const { code, text } = await pulumi(["up", "--yes", "--skip-preview"]);
    assert.equal(code, 0, text);
    return text;
  };
  const running = async () =>
    (await Promise.all(lab().hosts.map((host) => host.virsh("list --name")))).map((names) => names.split("\n").sort());

  it("adopts the VMs of a placement and of a fleet, shows their moves, and makes them", async () => {
    stack().configure({ "placements:db": "kvm-a", "placements:web": "kvm-a" });
    assert.match(await up(), /where: "kvm-a"/);
    assert.doesNotMatch((await pulumi(["preview", "--expect-no-changes"])).text, /error:/);

    stack().configure({ "placements:db": "kvm-b", "placements:web": "kvm-b" });
    const broken = await pulumi(["preview"]);
    assert.notEqual(broken.code, 0);
    assert.match(broken.text, /web-01 and web-02 may not both be on kvm-b/);

    stack().configure({ "placements:web": "kvm-a" });
    const { text } = await pulumi(["preview", "--diff"]);
    assert.match(text, /=> "virsh migrate --live .*--auto-converge.* db-01 /);
    assert.match(await up(), /moved kvm-a → kvm-b/);
    assert.deepEqual(await running(), [["web-01"], ["db-01", "web-02"]]);
  });

  it("forgets them, and leaves the VMs running", async () => {
    const { code, text } = await pulumi(["destroy", "--yes"]);
    assert.equal(code, 0, text);
    assert.deepEqual(await running(), [["web-01"], ["db-01", "web-02"]]);
  });
});
