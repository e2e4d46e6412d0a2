const unreleased = "## Unreleased\n";

/** @param day as 2026-11-28. Throws where there is nothing to release. */
export function dated(changelog: string, version: string, day: string): string {
  const at = changelog.indexOf(unreleased);
  if (at < 0) throw new Error('CHANGELOG.md has no heading "## Unreleased"');
  if (changelog.includes(`\n## ${version} `)) throw new Error(`CHANGELOG.md has notes of ${version} already`);
  const below = changelog.slice(at + unreleased.length);
  const next = below.search(/^## /m);
  if ((next < 0 ? below : below.slice(0, next)).trim() === "")
    throw new Error("CHANGELOG.md has nothing under Unreleased");
  return `${changelog.slice(0, at)}${unreleased}\n## ${version} (${day})\n${below}`;
}

/** The package.json of an example, with this version of the package. */
export function dependingOn(manifest: string, version: string): string {
  return manifest.replace(/("pulumi-vm-placement": )"[^"]*"/, `$1"^${version}"`);
}
