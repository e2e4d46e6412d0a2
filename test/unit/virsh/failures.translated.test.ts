/** libvirt's daemon answers in the language of its host: a cause that is told by English words may be missed there, never mistaken. */
import assert from "node:assert/strict";
import { parseCpuComparison } from "../../../provider/virsh/hostXml";
import { essence, hidesCause, readFailure } from "../../../provider/virsh/failures";
import { catalogues, filled, translated } from "../../support/translate";
import { commandsOf } from "../../support/problems";
import { context, stderrCases, withoutCause } from "./stderr-cases";

const read = (stderr: string) => {
  const failure = readFailure(stderr, context);
  return failure && { code: failure.code, commands: commandsOf(failure.remedies) };
};
const english = [...Object.values(stderrCases).flat(), ...withoutCause.map((text) => [text] as const)].map(
  ([text]) => text,
);

function sameOrUnknown(inEnglish: string, inLanguage: string): void {
  const seen = read(inLanguage);
  if (seen !== undefined) assert.deepEqual(seen, read(inEnglish), inLanguage);
  assert.ok(!hidesCause(inLanguage) || hidesCause(inEnglish), inLanguage);
}

for (const [language, catalogue] of Object.entries(catalogues)) {
  describe(`errors of a host in ${language}`, () => {
    it("tell the cause that they tell in English, or none", () => {
      let changed = 0;
      for (const text of english) {
        const inLanguage = translated(text, catalogue);
        if (inLanguage !== text) changed++;
        sameOrUnknown(text, inLanguage);
      }
      assert.ok(changed > 10, `only ${changed} of ${english.length} texts are translated`);
    });

    it("so does every text that a cause is found by, with names and paths in it", () => {
      const ends = [
        "",
        "Permission denied",
        "No such file or directory",
        "Connection refused",
        "Cannot allocate memory",
      ];
      for (const value of ["db-01", "/srv/a.qcow2", "/var/run/libvirt/virtqemud-sock", "kvm-b"]) {
        for (const [text, inLanguage] of Object.entries(catalogue)) {
          for (const end of ends.map((each) => (each === "" ? "" : `: ${each}`))) {
            const values = new Array<string>(5).fill(value);
            // A system error behind a text that is found by its own words says nothing new.
            const [from, to] = [text, inLanguage].map((each) => `error: ${filled(each, values)}${end}`) as [
              string,
              string,
            ];
            if (end === "" || read(from.slice(0, -end.length)) === undefined) sameOrUnknown(from, to);
          }
        }
      }
    });

    it("are shown as they are", () => {
      for (const text of english) {
        const [line = ""] = translated(text, catalogue).split("\n");
        if (read(line) === undefined) assert.ok(essence(line).startsWith(line.slice("error: ".length, 20)), line);
      }
    });

    it("of a CPU that does not fit name what is missing", () => {
      const text =
        "error: the CPU is incompatible with host CPU: Host CPU does not provide required features: avx512f, pku";
      const own = "CPU described in /dev/stdin is incompatible with the CPU provided by hypervisor on the host";
      const inLanguage = `${translated(text, catalogue)}\n${own}`;
      assert.deepEqual(parseCpuComparison(1, inLanguage)?.missing, ["avx512f", "pku"]);
    });
  });
}
