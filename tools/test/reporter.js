/** Mocha's spec reporter, which also leaves its counts, what failed and what was not run in the file that TEST_COUNTS names. */
const { writeFileSync } = require("node:fs");
const { reporters, Runner } = require("mocha");

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const notRun = [];
    const failures = [];
    runner.on(Runner.constants.EVENT_TEST_PENDING, (test) => notRun.push(test.fullTitle()));
    runner.on(Runner.constants.EVENT_TEST_FAIL, (test, error) =>
      failures.push(`${test.fullTitle()}: ${String(error?.message ?? error).split("\n", 1)[0]}`),
    );
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes: passed, failures: failed } = runner.stats;
      if (process.env["TEST_COUNTS"])
        writeFileSync(process.env["TEST_COUNTS"], JSON.stringify({ passed, failed, failures, notRun }));
    });
  }
};
