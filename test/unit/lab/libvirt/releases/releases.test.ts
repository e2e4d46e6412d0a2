import assert from "node:assert/strict";
import { hostsOfReleases, ownRelease } from "../../../../../lab/libvirt/releases/releases";

describe("releases of lab hosts", () => {
  it("this computer's is Debian's number, or its own", () => {
    assert.equal(ownRelease('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n'), "12");
    assert.equal(ownRelease('ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n'), "own");
    assert.equal(ownRelease('PRETTY_NAME="Debian GNU/Linux forky/sid"\nID=debian\n'), "own");
  });

  it("hosts are named for theirs, with a letter where there are several", () => {
    assert.deepEqual(hostsOfReleases(["12", "modular"], 2, "12"), [
      { name: "debian-12-a", release: "12" },
      { name: "debian-12-b", release: "12" },
      { name: "modular-a", release: "modular" },
      { name: "modular-b", release: "modular" },
    ]);
    assert.deepEqual(
      hostsOfReleases(["own", "13", "14"], 1, "own").map(({ name }) => name),
      ["own", "debian-13", "debian-14"],
    );
  });

  it("what is not a release is refused with those that are", () => {
    assert.throws(() => hostsOfReleases(["12", "9"], 1, "own"), {
      message: 'not a release: "9". Possible: own, 12, 13, 14, modular.',
    });
    assert.throws(() => hostsOfReleases(["own"], 1, "12"), /not a release: "own"/);
    assert.throws(() => hostsOfReleases(["13", "13"], 1, "12"), /one release twice: 13,13/);
    assert.throws(() => hostsOfReleases(["13"], 27, "12"), /1 to 26, not 27/);
  });
});
