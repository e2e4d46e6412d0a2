import assert from "node:assert/strict";
import { type Problem, renderAdvice, renderProblem, renderRemedies } from "../../../provider/core/problem";
import { commandLine, shownCommand } from "../../../provider/core/shownCommand";

describe("a remedy in words", () => {
  it("has its commands, each with its host, and what it loses", () => {
    assert.equal(
      renderRemedies([
        { do: "wait" },
        {
          do: "start it again",
          commands: [{ host: "kvm-a", command: "virsh start db-01" }, { command: "pulumi up" }],
          loses: "its memory",
        },
      ]),
      "wait; or start it again: `virsh start db-01` on kvm-a, then `pulumi up` (loses its memory)",
    );
    assert.equal(renderRemedies([]), "");
  });

  it("comes after what to look at first, and before what not to do", () => {
    const remedies = [{ do: "keep this" }, { do: "keep that" }];
    assert.equal(renderAdvice({ remedies }), "keep this; or keep that");
    assert.equal(
      renderAdvice({ first: "compare them", remedies, caution: "Start neither before" }),
      "compare them, then choose: keep this; or keep that. Start neither before",
    );
  });

  it("quotes a command as a text does that has one in it", () => {
    for (const name of ["db-01", "web server", "a`b'c", "-x", " 7"]) {
      const domain = { name, uuid: "5c1e2f0a-6d0b-4f8e-9a37-0c1d2e3f4a5b" };
      const command = commandLine`virsh start ${domain} ${name}`;
      assert.equal(shownCommand`virsh start ${domain} ${name}`, `\`${command}\``);
      assert.equal(
        renderRemedies([{ do: "start it", commands: [{ command }] }]),
        `start it: ${shownCommand`virsh start ${domain} ${name}`}`,
      );
    }
  });
});

describe("a problem in words", () => {
  const problem: Problem = {
    code: "domainBusy",
    severity: "blocker",
    rule: "busy",
    host: "kvm-a",
    message: "db-01 is busy",
    remedies: [{ do: "wait" }, { do: "end it", loses: "its work" }],
  };

  it("is one line: what it is, what to do, its code", () => {
    assert.equal(renderProblem(problem), "db-01 is busy; wait; or end it (loses its work) [domainBusy]");
  });

  it("needs no remedy", () => {
    assert.equal(renderProblem({ ...problem, remedies: [] }), "db-01 is busy [domainBusy]");
  });
});
