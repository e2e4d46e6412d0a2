/** This computer: its terminal, and its pulumi program. */
import { spawn } from "node:child_process";
import { UsageError } from "./inventory";
import type { Local } from "./verb";

export const local: Local = {
  isInteractive: process.stdin.isTTY === true,
  pulumi: (words, json) =>
    new Promise((resolve, reject) => {
      // The terminal sends Ctrl-C to pulumi too, which then ends as it does when it is run by hand.
      const child = spawn("pulumi", words, { stdio: ["inherit", json ? 2 : "inherit", "inherit"] });
      child.on("error", (error) => reject(new UsageError(`cannot run pulumi: ${error.message}`)));
      child.on("close", (code) => resolve(code ?? 255));
    }),
  onInterrupt: (listener) => {
    process.once("SIGINT", listener);
    process.once("SIGTERM", listener);
  },
};
