import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dated, dependingOn } from "../../../../tools/release/texts";

const notes = "# Changelog\n\n## Unreleased\n\n### Added\n\n- a\n\n## 0.1.0 (2026-01-01)\n\n- b\n";

describe("the changelog at a release", () => {
  it("has the notes under the version and its day, and room for the next ones", () => {
    assert.equal(
      dated(notes, "0.2.0", "2026-11-28"),
      notes.replace("## Unreleased\n", "## Unreleased\n\n## 0.2.0 (2026-11-28)\n"),
    );
  });

  it("is refused with nothing to release, twice, or without its heading", () => {
    const after = dated(notes, "0.2.0", "2026-11-28");
    assert.throws(() => dated(after, "0.3.0", "2026-11-29"), /nothing under Unreleased/);
    assert.throws(() => dated(after, "0.2.0", "2026-11-29"), /notes of 0\.2\.0 already/);
    assert.throws(() => dated("# Changelog\n", "0.2.0", "2026-11-29"), /no heading/);
  });

  it("of this repository is ready for one", () => {
    const own = readFileSync(join(__dirname, "../../../../CHANGELOG.md"), "utf8");
    assert.match(dated(own, "99.0.0", "2026-11-28"), /^## 99\.0\.0 \(2026-11-28\)$/m);
  });
});

describe("an example at a release", () => {
  it("asks for the new version", () => {
    const manifest = '{ "dependencies": { "pulumi-vm-placement": "^0.1.0", "x": "^0.1.0" } }';
    assert.equal(dependingOn(manifest, "0.2.0"), manifest.replace('placement": "^0.1.0', 'placement": "^0.2.0'));
  });
});
