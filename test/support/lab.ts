import { join } from "node:path";
import { createLab, missingPrerequisites, type Lab, type LabOptions } from "../../lab/libvirt";
import { missingRoots } from "../../lab/libvirt/releases/roots";

type Needs = Pick<LabOptions, "tls" | "kvm" | "vtpm" | "sudo"> & {
  /** To look at pages. */
  browser?: boolean;
};

/** Why tests that need real hosts are not run here, in one line; undefined where they are. */
function labNotRun(options: Needs = {}): string | undefined {
  const missing = missingPrerequisites(options);
  return missing.length > 0 ? missing.join(" ") : undefined;
}

/**
 * A group of tests with one lab among them, made before the first and taken down after the last. Where there can be none the
 * group is pending and its title says why; under CI it fails, so that a pipeline never passes by not looking.
 */
export function describeWithLab(title: string, options: LabOptions & Needs, tests: (lab: () => Lab) => void): void {
  describeOnLabComputer(
    title,
    () => {
      let lab: Lab | undefined;
      before(async function () {
        this.timeout(120_000);
        lab = await createLab({ ...(options.releases ? {} : libvirtCache()), ...options });
      });
      after(async function () {
        this.timeout(60_000);
        await lab?.down();
        lab = undefined;
      });
      tests(() => {
        if (lab === undefined)
          throw new Error("the lab is there from the first before hook to the last after hook only");
        return lab;
      });
    },
    options,
  );
}

/** Under `npm test` the labs of one process share what libvirtd found out about QEMU: half a second of CPU per host. */
function libvirtCache(): Pick<LabOptions, "cacheDir"> {
  const directory = process.env["TEST_DIRECTORY"];
  return directory === undefined ? {} : { cacheDir: join(directory, `libvirt-cache-${process.pid}`) };
}

/** As `describeWithLab`, for tests that make labs themselves. */
export function describeOnLabComputer(title: string, tests: () => void, options: Needs = {}): void {
  const reason = labNotRun(options);
  if (reason === undefined) {
    describe(title, tests);
  } else if (process.env["CI"]) {
    describe(title, () => {
      it("runs under CI", () => {
        throw new Error(`not run: ${reason}`);
      });
    });
  } else {
    describe(`${title} (not run: ${reason})`, () => {
      it("needs a computer for labs");
    });
  }
}

/** As `describeWithLab`, with one host of each release; pending where the roots that they need have not been made, which takes minutes. */
export function describeWithReleases(
  title: string,
  releases: readonly string[],
  tests: (lab: () => Lab) => void,
): void {
  const missing = missingRoots(releases);
  if (missing.length === 0) return describeWithLab(title, { releases, tls: true }, tests);
  describe(`${title} (not run: no root of ${missing.join(", ")})`, () => {
    it(`needs \`npm run lab -- roots ${missing.join(" ")}\``);
  });
}
