import { createRequire } from "node:module";
import js from "@eslint/js";
import tseslint from "typescript-eslint";

/** Which layers of provider/ a layer may use, and which top folders a top folder; its own files it always may. */
const { layers, folders } = createRequire(import.meta.url)("./tools/lint/layers.json");
/** What stands above every layer, and is imported by none. */
const above = ["handlers", "resource", "index"];
const anyOf = (names) => names.join("|");

function layer(name, allowed) {
  const forbidden = Object.keys(layers).filter((other) => other !== name && !allowed.includes(other));
  const files = allowed.filter((each) => each.includes("/"));
  const pure = name === "core" || name === "fleet";
  const packages = {
    core: "^[^.]",
    fleet: "^[^.]",
    policy: "^[^.]",
    virsh: "^(?!saxes$|node:crypto$)[^.]",
    ssh: "^(@pulumi/|@grpc/|zod)",
    history: "^(?!prom-client$)[^.]",
    schema: "^(?!node:util$)[^.]",
    placements: "^(?!yaml$)[^.]",
    observe: "^[^.]",
    preflight: "^[^.]",
    reconcile: "^[^.]",
    maintain: "^(?!node:crypto$)[^.]",
    pulumi: "^(ssh2|zod)",
    server: "^(ssh2|zod)",
    cli: "^(@pulumi/|@grpc/|ssh2|zod)",
  }[name];
  return {
    files: [`provider/${name}/**/*.ts`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: `^(\\.\\./)+(?!(${anyOf(["-", ...files])})$)(${anyOf([...forbidden, ...above])})(/|$)`,
              message: `${name}/ may use ${allowed.length > 0 ? anyOf(allowed) : "no other layer"} (docs/architecture.md).`,
            },
            { regex: packages, message: `${name}/ uses no such package (docs/architecture.md).` },
            ...(name === "ssh"
              ? [
                  {
                    regex:
                      "^\\.\\./core/(?!(clean|destination|ports|problem|quote|shownCommand|errors|errorCodes|model)$)",
                    message:
                      "ssh/ knows the ports, errors, remedies, destinations, the model, and the cleaning and quoting of text only.",
                  },
                ]
              : []),
          ],
        },
      ],
      ...(pure && {
        "no-restricted-globals": [
          "error",
          "process",
          "console",
          "Date",
          "setTimeout",
          "setInterval",
          "Buffer",
          "require",
        ],
        "no-restricted-syntax": [
          "error",
          { selector: "NewExpression[callee.name='Date']", message: `${name} has no clock.` },
          ...(name === "fleet"
            ? [
                {
                  selector: "MemberExpression[object.name='Math'][property.name='random']",
                  message: "The same fleet gives the same plan.",
                },
              ]
            : []),
        ],
      }),
    },
  };
}

function folder(name, { mayUse, except = [] }) {
  const forbidden = Object.keys(folders).filter((other) => other !== name && !mayUse.includes(other));
  return {
    files: [`${name}/**/*.ts`],
    ignores: except.map((directory) => `${directory}/**`),
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: `^(\\.\\./)+(${anyOf(forbidden)})(/|$)`,
              message: `${name}/ does not use ${anyOf(forbidden)} (docs/architecture.md).`,
            },
          ],
        },
      ],
    },
  };
}

export default tseslint.config(
  { ignores: ["dist", "build", "coverage", "node_modules", "**/*.cjs", "{examples,templates}/**/node_modules"] },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.recommendedTypeChecked],
    // Not projectService, which takes a fifth more CPU for all files at once.
    languageOptions: { parserOptions: { project: "./tsconfig.json", tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "no-console": "error",
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: { "@typescript-eslint/no-floating-promises": "off" },
  },
  {
    files: ["lab/**/*.ts", "tools/**/*.ts", "test/**/*.ts", "examples/**/*.ts", "templates/**/*.ts"],
    rules: { "no-console": "off" },
  },
  {
    files: ["**/*.{mjs,js}"],
    languageOptions: {
      globals: {
        process: "readonly",
        console: "readonly",
        require: "readonly",
        module: "readonly",
        __dirname: "readonly",
      },
    },
  },
  ...["lab", "tools", "test"].map((name) => folder(name, folders[name])),
  ...Object.entries(layers).map(([name, allowed]) => layer(name, allowed)),
  { files: ["provider/schema/zod.ts"], rules: { "no-restricted-imports": "off" } },
  {
    files: ["provider/resource.ts", "provider/fleetResource.ts", "provider/index.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex:
                "^\\./(handlers|schema|placements|pulumi|observe|preflight|reconcile|ssh|virsh)(/|$)|^(zod|yaml|ssh2)$",
              message: "The program's side loads no handlers, zod, yaml or ssh2 (docs/architecture.md).",
            },
          ],
        },
      ],
    },
  },
);
