import assert from "node:assert/strict";
import { join } from "node:path";
import { fileFaults, installFaults, licenceFaults, productionPackages } from "../../../tools/package-contents";

const whole = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "package.json",
  "placements.schema.json",
  "schema.json",
  "dist/handlers-late.js",
  "dist/handlers-shared.js",
  "plugin/PulumiPlugin.yaml",
  "plugin/index.js",
  "plugin/package.json",
  "plugin/prepare.js",
  ...["Pulumi.yaml", "README.md", "package.json", "index.ts", "tsconfig.json"].map((file) => `templates/vm-placement-typescript/${file}`), // prettier-ignore
  ...["Pulumi.yaml", "README.md", "package.json", "plugin/pulumi-resource-vm-placement"].map(
    (file) => `templates/vm-placement-yaml/${file}`,
  ),
  ...["Pulumi.yaml", "README.md", "package.json", "__main__.py", "requirements.txt"].map((file) => `templates/vm-placement-python/${file}`), // prettier-ignore
  "dist/core/near.js",
  "dist/core/near.d.ts",
];

describe("the contents of the package", () => {
  it("are one .js and one .d.ts for each source, and the other files", () => {
    assert.deepEqual(fileFaults(whole, ["core/near.ts"]), []);
  });

  it("are refused with a file too many or too few", () => {
    assert.deepEqual(fileFaults([...whole, "dist/core/old.js"], ["core/near.ts"]), [
      "dist/core/old.js is in the package and should not be",
    ]);
    assert.deepEqual(fileFaults(whole.slice(1), ["core/near.ts"]), ["CHANGELOG.md is not in the package"]);
  });
});

describe("the installation of the package", () => {
  it("runs no script", () => {
    assert.deepEqual(installFaults({ prepare: "tsc", test: "mocha" }, whole), []);
    assert.deepEqual(installFaults({ postinstall: "node x.js" }, [...whole, "binding.gyp"]), [
      "package.json has the script postinstall",
      "binding.gyp makes npm build at installation",
    ]);
  });
});

describe("the licences of production dependencies", () => {
  const root = join(__dirname, "../../..");

  it("are all on the list, with their files", () => {
    const installed = productionPackages(root);
    assert.ok(installed.some(({ name }) => name === "ssh2") && installed.length > 20);
    assert.deepEqual(licenceFaults(installed), []);
  });

  it("are refused where one is another, or is not there", () => {
    assert.deepEqual(licenceFaults([{ name: "a", licence: "GPL-3.0", hasFile: true }]), [
      "the licence of a is not on the list: GPL-3.0",
    ]);
    assert.deepEqual(licenceFaults([{ name: "b", licence: "MIT", hasFile: false }]), ["b has no licence file"]);
    assert.equal(licenceFaults([{ name: "c", licence: undefined, hasFile: true }]).length, 1);
  });
});
