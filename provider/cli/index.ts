#!/usr/bin/env node
import { createDial } from "../ssh";
import { settingsFromFile, settingsFromStack } from "./inventory";
import { run } from "./run";

void run(process.argv.slice(2), {
  dial: (inventory, ssh, note) => createDial({ inventory, ssh, note }),
  clock: {
    now: () => Date.now(),
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  },
  settings: (file) => (file === undefined ? settingsFromStack() : settingsFromFile(file)),
  print: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
}).then((code) => (process.exitCode = code));
