/**
 * Runs test files one after the other in this process, each when the parent asks for it, and says what came of it. All of them in one process,
 * as mocha itself would: TypeScript is compiled once.
 */
require("ts-node/register");
const Mocha = require("mocha");
const Reporter = require("./reporter.js");

process.on("message", ({ file, timeout }) => {
  const mocha = new Mocha({ timeout, reporter: Reporter });
  mocha.addFile(file);
  try {
    mocha.run(() => process.send(Reporter.lastCounts()));
  } catch (error) {
    // It cannot even be loaded.
    console.error(error);
    process.send({ passed: 0, failed: 1, failures: [`${file}: ${error.message}`], notRun: [] });
  }
});
// The parent has nothing more: what is still open now keeps this process, and is named.
process.on("disconnect", () => Reporter.sayWhatIsOpen());
