import { spawn } from "node:child_process";
import { ensureRoots, listRoots, removeRoots } from "./releases/roots";
import { createLab, listLabs, missingPrerequisites, openLab, removeLab, cleanStale, type Lab } from "./index";

const usage = `Real libvirt and QEMU hosts on this computer.

npm run lab -- up [--hosts N] [--releases LIST] [--kvm] [--tls] [--user NAME]
                                                              start one; it runs until it is taken down. --releases 12,13,14,modular:
                                                              N hosts (default 1) of each; what they need is made on first use
npm run lab -- roots [RELEASE…|--remove]                      make what hosts of other releases need; without a name, show what there is
npm run lab -- status                                         what runs
npm run lab -- ssh HOST [COMMAND…]                            root's shell, or a command, on a host
npm run lab -- guest NAME HOST [--memory MIB] [--dirty MIB] [--rate MIB/S] [--state running|shutOff|paused]
npm run lab -- power HOST on|off                              cuts a host's power, or boots it again
npm run lab -- down [--all]                                   take it down; --all: also those of running tests

--lab ID chooses one where several run.`;

async function main(words: string[]): Promise<number> {
  const [command, ...rest] = words;
  switch (command) {
    case "up":
      return up(rest);
    case "roots":
      return roots(rest);
    case "status":
      return status(rest);
    case "ssh":
      return ssh(rest);
    case "guest":
      return guest(rest);
    case "power":
      return power(rest);
    case "down":
      return down(rest);
    default:
      console.log(usage);
      return command === undefined || command === "help" || command === "--help" ? 0 : 2;
  }
}

async function up(words: string[]): Promise<number> {
  const { options } = parse(words, { values: ["hosts", "releases", "user"], flags: ["kvm", "tls"], positional: 0 });
  const lab = await createLab({
    ...(options["hosts"] !== undefined && { hosts: wholeNumber("--hosts", options["hosts"]) }),
    ...(options["releases"] !== undefined && { releases: options["releases"].split(",") }),
    ...(options["user"] !== undefined && { user: options["user"] }),
    kvm: "kvm" in options,
    tls: "tls" in options,
    manual: true,
    onProgress: (line) => console.error(line),
  });
  const first = lab.hosts[0]!.name;
  console.log(`${lab.id} is up in ${lab.dir}. Its inventory for Pulumi.STACK.yaml:\n\n${inventoryYaml(lab)}`);
  console.log(
    `Next: npm run lab -- guest db-01 ${first}; npm run lab -- ssh ${first} virsh list --all; npm run lab -- down`,
  );
  return 0;
}

async function roots(words: string[]): Promise<number> {
  const { options, positional } = parse(words, { flags: ["remove"], positional: Infinity });
  needRoot();
  if ("remove" in options) {
    removeRoots(listLabs());
    console.log("removed");
    return 0;
  }
  await ensureRoots(positional, (line) => console.error(line));
  for (const { name, path, made } of listRoots()) console.log(`${name.padEnd(8)}  ${made ? path : "not made"}`);
  return 0;
}

async function status(words: string[]): Promise<number> {
  parse(words, { positional: 0 });
  needRoot();
  const records = listLabs();
  if (records.length === 0) console.log("no lab is running");
  for (const record of records) {
    const title = `${record.id} (${record.owner === "manual" ? "until taken down" : `of process ${record.owner.pid}`})`;
    let lab: Lab;
    try {
      lab = openLab(record);
    } catch {
      console.log(`${title}: not running any more; "down --all" removes what is left of it`);
      continue;
    }
    console.log(`${title} in ${record.dir}`);
    for (const host of (await lab.status()).hosts) {
      const guests = host.guests.map(({ name, state }) => `${name} (${state})`).join(", ") || "no guest";
      console.log(
        `  ${host.name}  ${host.address}  ${!host.on ? "switched off" : host.running ? guests : "libvirtd does not answer"}`,
      );
    }
  }
  return 0;
}

function ssh(words: string[]): Promise<number> {
  // What follows the host belongs to the command, with its own options.
  const at = words[0] === "--lab" ? 2 : 0;
  const lab = chooseLab(at === 2 ? words[1] : undefined);
  const host = lab.host(needed(words[at], "which host? npm run lab -- ssh HOST [COMMAND…]"));
  const files = ["-F", "/dev/null", "-i", lab.keyFile, "-o", `UserKnownHostsFile=${lab.knownHostsFile}`];
  const child = spawn("ssh", [...files, `root@${host.address}`, ...words.slice(at + 1)], { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

async function guest(words: string[]): Promise<number> {
  const { options, positional } = parse(words, { values: ["lab", "memory", "dirty", "rate", "state"], positional: 2 });
  const [name, host] = positional;
  const state = options["state"] ?? "running";
  if (state !== "running" && state !== "shutOff" && state !== "paused") {
    throw new Error(`--state must be running, shutOff or paused, not ${state}`);
  }
  const lab = chooseLab(options["lab"]);
  const { uuid } = await lab.startGuest({
    name: needed(name, "which guest, and where? npm run lab -- guest NAME HOST"),
    host: needed(host, "on which host? npm run lab -- guest NAME HOST"),
    state,
    ...(options["memory"] !== undefined && { memoryMiB: wholeNumber("--memory", options["memory"]) }),
    ...(options["dirty"] !== undefined && { dirtyMiB: wholeNumber("--dirty", options["dirty"]) }),
    ...(options["rate"] !== undefined && { dirtyRate: wholeNumber("--rate", options["rate"]) }),
  });
  console.log(`${name} is on ${host}: ${uuid}`);
  return 0;
}

async function power(words: string[]): Promise<number> {
  const { options, positional } = parse(words, { values: ["lab"], positional: 2 });
  const host = chooseLab(options["lab"]).host(needed(positional[0], "of which host? npm run lab -- power HOST on|off"));
  const [, state] = positional;
  if (state !== "on" && state !== "off") throw new Error("on or off? npm run lab -- power HOST on|off");
  await (state === "on" ? host.powerOn() : host.powerOff());
  console.log(`${host.name} is ${state}`);
  return 0;
}

async function down(words: string[]): Promise<number> {
  const { options } = parse(words, { values: ["lab"], flags: ["all"], positional: 0 });
  needRoot();
  cleanStale().forEach((id) => console.log(`${id} is removed: a crash had left it`));
  const labs = listLabs().filter(
    ({ id, owner }) => "all" in options || (options["lab"] === undefined ? owner === "manual" : id === options["lab"]),
  );
  if (labs.length === 0) console.log("no lab is running");
  for (const record of labs) {
    removeLab(record);
    console.log(`${record.id} is down`);
  }
  return Promise.resolve(0);
}

function chooseLab(id: string | undefined): Lab {
  needRoot();
  const records = listLabs();
  const [record, ...others] = records.filter((each) => (id === undefined ? each.owner === "manual" : each.id === id));
  if (!record) throw new Error(id === undefined ? "no lab is running: npm run lab -- up" : `no lab ${id} is running`);
  if (others.length > 0) {
    throw new Error(
      `several labs run: choose with --lab ${[record, ...others].map((each) => each.id).join(" or --lab ")}`,
    );
  }
  return openLab(record);
}

function inventoryYaml(lab: Lab): string {
  const hosts = Object.entries(lab.inventory()).map(
    ([name, host]) => `    ${name}: ${JSON.stringify(host).replace(/"([A-Za-z]+)":/g, " $1: ")}\n`,
  );
  return `config:\n  vm-placement:hosts:\n${hosts.join("")}`;
}

interface Accepted {
  values?: string[];
  flags?: string[];
  positional: number;
}

function parse(words: string[], { values = [], flags = [], positional: most }: Accepted) {
  const options: Record<string, string> = {};
  const positional: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const name = word.replace(/^--/, "");
    if (word.startsWith("--") && flags.includes(name)) options[name] = "";
    else if (word.startsWith("--") && values.includes(name))
      options[name] = needed(words[++i], `${word} needs a value`);
    else if (word.startsWith("-") || positional.push(word) > most)
      throw new Error(`not understood: ${word}\n\n${usage}`);
  }
  return { options, positional };
}

function wholeNumber(option: string, text: string): number {
  if (!/^[0-9]+$/.test(text)) throw new Error(`${option} must be a whole number, not ${text}`);
  return Number(text);
}

function needed(word: string | undefined, message: string): string {
  if (word === undefined) throw new Error(message);
  return word;
}

function needRoot(): void {
  const root = missingPrerequisites().find((line) => /root|Linux/.test(line));
  if (root !== undefined) throw new Error(root);
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
