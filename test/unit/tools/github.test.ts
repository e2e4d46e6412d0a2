/** Files that only GitHub reads: what they call is in this repository, and they name one address of it. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { stages } from "../../../tools/test/stages";

const root = join(__dirname, "../../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const filesIn = (directory: string) => readdirSync(join(root, directory)).map((file) => `${directory}/${file}`);
const manifest = JSON.parse(read("package.json")) as {
  scripts: Record<string, string>;
  repository: { url: string };
  homepage: string;
  bugs: string;
};

interface Workflow {
  on: Record<string, unknown>;
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

interface Job {
  needs?: string;
  permissions?: Record<string, string>;
  "timeout-minutes"?: number;
  steps: { uses?: string; run?: string; with?: Record<string, string> }[];
}

const workflows = filesIn(".github/workflows").map((path) => ({ path, workflow: parse(read(path)) as Workflow }));

describe("the workflows for GitHub", () => {
  for (const { path, workflow } of workflows) {
    const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
    const commands = steps
      .flatMap(({ run, with: given }) => [run, given?.["version"]])
      .filter((text) => text !== undefined);

    it(`${path} calls scripts and test stages that exist`, () => {
      const text = commands.join("\n");
      const called = [...text.matchAll(/npm run (?:--\S+ )*([\w:-]+)/g)].map(([, script]) => script!);
      for (const script of called) assert.ok(script in manifest.scripts, `there is no script ${script}`);
      const chosen = [...text.matchAll(/npm test -- ([\w ]+)/g)].flatMap(([, names]) => names!.trim().split(/\s+/));
      for (const stage of chosen) assert.ok(stage in stages, `there is no stage ${stage}`);
      assert.ok(called.length + chosen.length > 0);
    });

    it(`${path} uses actions by a major version, and reads the repository unless a job says more`, () => {
      for (const { uses } of steps) if (uses !== undefined) assert.match(uses, /^[\w-]+\/[\w-]+@v\d+$/);
      assert.deepEqual(workflow.permissions, { contents: "read" });
      for (const [name, { needs }] of Object.entries(workflow.jobs))
        if (needs !== undefined) assert.ok(needs in workflow.jobs, `${name} needs ${needs}, which is no job`);
    });
  }

  it("run every stage of the tests for a change", () => {
    const ci = workflows.find(({ path }) => path.endsWith("/ci.yml"))!.workflow;
    const text = Object.values(ci.jobs)
      .flatMap((job) => job.steps.map(({ run = "" }) => run))
      .join("\n");
    const run = new Set([...text.matchAll(/npm test -- ([\w ]+)/g)].flatMap(([, names]) => names!.trim().split(/\s+/)));
    assert.deepEqual([...run].sort(), Object.keys(stages).sort());
  });

  it("publish with provenance, from a job that may ask for an identity", () => {
    const { publish } = workflows.find(({ path }) => path.endsWith("/release.yml"))!.workflow.jobs;
    assert.equal(publish!.permissions!["id-token"], "write");
    assert.ok(publish!.steps.some(({ run }) => /^npm publish --provenance /.test(run ?? "")));
  });
});

describe("the issue forms", () => {
  interface Form {
    name: string;
    description: string;
    body: { type: string; id?: string; attributes: Record<string, unknown> }[];
  }
  const forms = filesIn(".github/ISSUE_TEMPLATE")
    .filter((path) => !path.endsWith("/config.yml"))
    .map((path) => [path, parse(read(path)) as Form] as const);

  for (const [path, { name, description, body }] of forms) {
    it(`${path} is one that GitHub takes`, () => {
      assert.ok(name && description);
      const ids = body.flatMap(({ id }) => id ?? []);
      assert.equal(new Set(ids).size, ids.length);
      for (const { type, id, attributes } of body) {
        assert.ok(["markdown", "textarea", "input", "dropdown", "checkboxes"].includes(type), type);
        if (type === "markdown") assert.ok(attributes["value"]);
        else assert.ok(id && attributes["label"], `${id} needs an id and a label`);
        if (type === "dropdown") assert.ok((attributes["options"] as unknown[]).length > 1);
      }
    });
  }

  it("ask for the output of doctor where hosts may be the cause", () => {
    const asking = forms.filter(([, { body }]) => body.some(({ id }) => id === "doctor")).map(([path]) => path);
    assert.deepEqual(asking.map((path) => path.split("/").pop()).sort(), ["bug.yml", "host.yml"]);
  });
});

describe("the public address", () => {
  const address = /^git\+(https:.*)\.git$/.exec(manifest.repository.url)![1]!;

  it("is the one of package.json in every file that names one", () => {
    const owner = new URL(address).pathname;
    const files = [
      "SECURITY.md",
      "CONTRIBUTING.md",
      "README.md",
      "docs/languages.md",
      "docs/getting-started.md",
      "schema.json",
    ];
    const pages = ["docs/_index.md", "docs/installation-configuration.md"];
    const forGitHub = [...filesIn(".github/ISSUE_TEMPLATE"), ...filesIn(".github/workflows")];
    const texts = [manifest.homepage, manifest.bugs, ...[...files, ...pages, ...forGitHub].map(read)];
    // Modules of others.
    const others = /go run \S+|"[^"]*github\.com\/pulumi\/[^"]*"|raw\.githubusercontent\.com\S*/g;
    const own = texts.map((text) => text.replaceAll(others, ""));
    const addresses = own.flatMap((text) => text.match(/github\.com(\/[\w.-]+){2}/g) ?? []);
    assert.ok(addresses.length >= 8);
    for (const each of addresses) assert.equal(each, `github.com${owner}`);
  });
});
