import { createHash } from "node:crypto";
import { copyFileSync, existsSync, linkSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { publish } from "./cache";

const SOURCES = join(__dirname, "nodejs-host");

/** What the engine looks for by name ⇒ the module that it is. */
const launchers: Record<string, string> = {
  "pulumi-language-nodejs": "language-host.js",
  "pulumi-resource-pulumi-nodejs": "dynamic-provider.js",
};

/**
 * A directory with the built CLI and, beside it where the engine expects them, the Node language host and the launcher of
 * dynamic providers. Compiled, because ts-node would cost every pulumi command half a second.
 */
export async function withNodejsHost(pulumi: string, cache: string): Promise<string> {
  const sources = readdirSync(SOURCES).filter((name) => name.endsWith(".ts"));
  const texts = sources.map((name) => readFileSync(join(SOURCES, name), "utf8"));
  const hash = createHash("sha256")
    .update(readFileSync(__filename))
    .update(texts.join("\0"))
    .digest("hex")
    .slice(0, 12);
  const directory = join(cache, `nodejs-host-${hash}`);
  const binary = join(directory, "pulumi");
  if (existsSync(binary)) return binary;
  const { transpileModule, ModuleKind, ScriptTarget } = await import("typescript");
  await publish(directory, (temporary) => {
    sources.forEach((name, index) => {
      const { outputText } = transpileModule(texts[index]!, {
        fileName: name,
        compilerOptions: { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022, esModuleInterop: true },
      });
      writeFileSync(join(temporary, name.replace(/\.ts$/, ".js")), outputText);
    });
    // Whatever a package.json further up may say.
    writeFileSync(join(temporary, "package.json"), JSON.stringify({ type: "commonjs" }));
    for (const [name, module] of Object.entries(launchers)) {
      writeFileSync(join(temporary, name), `#!/bin/sh\nexec node "\${0%/*}/${module}" "$@"\n`, { mode: 0o755 });
    }
    linkOrCopy(pulumi, join(temporary, "pulumi"));
  });
  return binary;
}

/** The directory from whose node_modules the host takes the SDK. */
export const hostModules = dirname(dirname(__dirname));

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
