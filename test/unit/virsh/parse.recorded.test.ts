/** The phases of a migration that pass by quickly, as tools/record-fixtures.ts recorded them. */
import assert from "node:assert/strict";
import { progressRow } from "../../../provider/core/progressRow";
import { isOutgoing } from "../../../provider/core/situation";
import type { ProcessListeners, RemoteProcess, Shell } from "../../../provider/core/ports";
import { parseDomState, parseJobInfo } from "../../../provider/virsh/parse";
import { command } from "../../../provider/virsh/virshCommand";
import { VirshSession } from "../../../provider/virsh/session";
import { judge } from "../../../provider/reconcile/verify";
import { fixture, libvirtVersions } from "../../support/fixture";
import { view } from "../../support/views";

const MiB = 2 ** 20;

for (const libvirt of libvirtVersions) {
  describe(`what was recorded of migrations, libvirt ${libvirt}`, () => {
    const text = (name: string) => fixture(libvirt, name);
    const states: [phase: string, source: string, destination: string][] = [
      ["throttled", "running (booted)", "paused (migrating)"],
      ["post-copy", "paused (post-copy)", "running (post-copy)"],
      ["post-copy-failed", "paused (post-copy failed)", "running (post-copy failed)"],
    ];
    for (const [phase, source, destination] of states) {
      it(`${phase}: ${source} on the source, ${destination} on the destination`, () => {
        assert.deepEqual(parseDomState(text(`domstate-${phase}-source`)), parseDomState(source));
        assert.deepEqual(parseDomState(text(`domstate-${phase}-destination`)), parseDomState(destination));
      });

      it(`${phase}: the source has an outgoing job, and the destination no numbers`, () => {
        const job = parseJobInfo(text(`domjobinfo-${phase}-source`));
        assert.ok(isOutgoing(job));
        assert.equal(job.memoryTotalBytes, 67_641_344);
        assert.match(text(`domjobinfo-${phase}-destination`), /statistics are available only on the source host/);
      });
    }

    it("a throttled guest shows by how much, and a dirty rate in bytes", () => {
      const job = parseJobInfo(text("domjobinfo-throttled-source"));
      assert.equal(job.throttlePercent, 30);
      assert.ok(job.passes! >= 2);
      assert.equal(job.dirtyBytesPerSecond! % 4096, 0);
      assert.ok(job.dirtyBytesPerSecond! > MiB);
      assert.match(
        progressRow(job, false, 0).text,
        /^pre-copy \d+ % · [\d.]+ MiB\/s · dirty [\d.]+ MiB\/s · pass \d · throttled 30 % · /,
      );
    });

    it("a post-copy shows its requests and no throttle, and its downtime is no measurement", () => {
      const job = parseJobInfo(text("domjobinfo-post-copy-source"));
      assert.equal(job.throttlePercent, undefined);
      assert.ok(job.postCopyRequests! > 0);
      // An estimate from before the switch, longer than the whole migration; newer releases print none.
      if (libvirt === "9.0.0") assert.ok(job.downtimeMs! > job.elapsedMs!);
      else assert.equal(job.downtimeMs, undefined);
      assert.match(
        progressRow(job, true, 0).text,
        /^post-copy \d+ % · [\d.]+ (?:MiB|KiB|B)\/s · \d+ page requests(?: · \d+ s left)?$/,
      );
    });

    it("a failed post-copy is told by its states alone: the job looks as if it went on", () => {
      const [source, destination] = ["source", "destination"].map((side) =>
        view(side === "source" ? "kvm-a" : "kvm-b", text(`domstate-post-copy-failed-${side}`), {
          ...(side === "source" && { job: parseJobInfo(text("domjobinfo-post-copy-failed-source")) }),
        }),
      );
      assert.equal(judge(source, destination, "live"), "postCopyFailed");
      const running = ["source", "destination"].map((side) => view(side, text(`domstate-post-copy-${side}`)));
      assert.equal(judge(running[0], running[1], "live"), "inProgress");
    });

    it("a session on the source gives each answer to its question", async () => {
      let listeners: ProcessListeners | undefined;
      let written = "";
      const process: RemoteProcess = {
        write: (text) => (written += text),
        end: () => {},
        destroy: () => {},
        exit: new Promise(() => {}),
      };
      const shell: Shell = {
        host: "kvm-a",
        alive: true,
        exec: () => Promise.reject(new Error("no exec is due")),
        spawn: (_, given) => {
          listeners = given;
          return Promise.resolve(process);
        },
        close: () => Promise.resolve(),
      };
      const session = new VirshSession(shell, "qemu:///system");
      const questions = [
        command`domstate --reason throttled`,
        command`domjobinfo --rawstats throttled`,
        command`domstate --reason nosuch`,
      ];
      const answers = Promise.all(questions.map((question) => session.run(question.line!, 60_000)));
      await new Promise((resolve) => setImmediate(resolve));
      // Recorded with a mark of its own.
      const mark = /^echo "([^"]+)" "1"$/m.exec(written)![1]!;
      const recorded = (stream: string) => text(`session-migrating.${stream}`).replaceAll("end-of-answer", mark);
      listeners!.stderr(`error: ${mark} 0\n${recorded("stderr")}`);
      // In pieces, as a network brings it.
      const stdout = `virsh # echo "${mark}" "0"\n${mark} 0virsh # echo --err "${mark}" "0"\n${recorded("stdout")}`;
      for (const piece of stdout.match(/[^]{1,7}/g)!) listeners!.stdout(piece);
      const [state, job, missing] = await answers;
      assert.deepEqual(state, { out: "running (booted)", err: "" });
      assert.equal(parseJobInfo(job!.out).throttlePercent, 30);
      assert.deepEqual(missing, { out: "", err: "error: failed to get domain 'nosuch'" });
    });
  });
}
