#!/usr/bin/env node
import { systemClock } from "../observe/clock";
import { createDial } from "../ssh";
import { settingsFromFile, settingsFromStack } from "./inventory";
import { local } from "./local";
import { run } from "./run";

void run(process.argv.slice(2), {
  dial: (inventory, ssh, note) => createDial({ inventory, ssh, note }),
  clock: systemClock,
  settings: (file, stack) => (file === undefined ? settingsFromStack(stack) : settingsFromFile(file)),
  local,
  print: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
}).then((code) => (process.exitCode = code));
