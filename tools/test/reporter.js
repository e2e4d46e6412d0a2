/** Mocha's spec reporter, which also leaves its counts, what failed and what was not run in the file that TEST_COUNTS names. */
const { writeFileSync } = require("node:fs");
const { setTimeout } = require("node:timers");
const { reporters, Runner } = require("mocha");

/** A suite that has not ended so long after its last test says what keeps it; tools/test ends it soon after. */
const saysWhyAfterMs = 45_000;

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const notRun = [];
    const failures = [];
    const { constants } = Runner;
    runner.on(constants.EVENT_TEST_PENDING, (test) => notRun.push(test.fullTitle()));
    runner.on(constants.EVENT_TEST_FAIL, (test, error) => failures.push(`${test.fullTitle()}: ${firstLine(error)}`));
    runner.once(constants.EVENT_RUN_END, () => {
      const { passes: passed, failures: failed } = runner.stats;
      const write = (late = []) =>
        writeFileSync(
          process.env["TEST_COUNTS"],
          JSON.stringify({ passed, failed: failed + late.length, failures: [...failures, ...late], notRun }),
        );
      if (!process.env["TEST_COUNTS"]) return;
      write();
      process.on("uncaughtExceptionMonitor", (error) => write([`after the last test: ${firstLine(error)}`]));
      setTimeout(() => write([`does not end: ${whatIsOpen()}`]), saysWhyAfterMs).unref();
    });
  }
};

function firstLine(error) {
  return String(error?.message ?? error).split("\n", 1)[0];
}

function whatIsOpen() {
  const counts = new Map();
  for (const resource of process.getActiveResourcesInfo()) counts.set(resource, (counts.get(resource) ?? 0) + 1);
  const resources = [...counts].map(([name, count]) => `${count} ${name}`);
  const children = process
    ._getActiveHandles()
    .flatMap((handle) => (handle.spawnargs ? [`${handle.pid}: ${handle.spawnargs.join(" ").slice(0, 200)}`] : []));
  return [...resources, ...children].join(", ");
}
