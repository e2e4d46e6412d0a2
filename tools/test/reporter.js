/** Mocha's spec reporter, which also keeps its counts, what failed and what was not run, and leaves them in the file that TEST_COUNTS names. */
const { writeFileSync } = require("node:fs");
const { setTimeout } = require("node:timers");
const { reporters, Runner } = require("mocha");

/** A process that has not ended so long after its last test says what keeps it; tools/test ends it soon after. */
const saysWhyAfterMs = 45_000;

let last;
const late = [];

function write() {
  const file = process.env["TEST_COUNTS"];
  if (!file || !last) return;
  const { failed, failures } = last;
  writeFileSync(file, JSON.stringify({ ...last, failed: failed + late.length, failures: [...failures, ...late] }));
}

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
      last = { passed, failed, failures, notRun };
      if (process.env["TEST_COUNTS"]) module.exports.sayWhatIsOpen();
    });
  }

  /** Of the run that has ended. */
  static lastCounts() {
    return last;
  }

  /** After the last test: what goes wrong from now on, and what keeps this process. */
  static sayWhatIsOpen() {
    const add = (text) => {
      late.push(text);
      console.error(text);
      write();
    };
    write();
    process.on("uncaughtExceptionMonitor", (error) => add(`after the last test: ${firstLine(error)}`));
    setTimeout(() => add(`does not end: ${whatIsOpen()}`), saysWhyAfterMs).unref();
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
