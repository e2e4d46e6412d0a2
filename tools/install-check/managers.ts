/** How each package manager is had from the npm registry, and how it installs the packed package without any script. */
export interface Manager {
  name: string;
  /** In the project's directory, one after the other. The first words are the program and its arguments. */
  commands: readonly (readonly string[])[];
  /** More files of the project. */
  files?: Readonly<Record<string, string>>;
}

const npx = (...args: string[]) => ["npx", "--yes", ...args];

export const managers: readonly Manager[] = [
  { name: "npm", commands: [["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"]] },
  { name: "pnpm", commands: [npx("pnpm@9", "install", "--ignore-scripts")] },
  { name: "yarn-classic", commands: [npx("yarn@1", "install", "--ignore-scripts", "--non-interactive")] },
  {
    name: "yarn-berry",
    commands: [npx("--package", "@yarnpkg/cli-dist@4", "yarn", "install")],
    files: { ".yarnrc.yml": "nodeLinker: node-modules\nenableScripts: false\nenableTelemetry: false\n" },
  },
  { name: "bun", commands: [npx("bun@1", "install", "--ignore-scripts")] },
];
