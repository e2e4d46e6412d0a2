import type { ProgramInfo } from "@pulumi/pulumi/proto/language_pb";

/** `runtime: { name: nodejs, options: { … } }` of Pulumi.yaml. */
export interface RuntimeOptions {
  typescript: boolean;
  nodeargs: string[];
  tsconfig: string | undefined;
  packageManager: string;
}

export function runtimeOptions(info: ProgramInfo | undefined): RuntimeOptions {
  return parseRuntimeOptions(info?.getOptions()?.toJavaScript() ?? {});
}

export function parseRuntimeOptions(options: Record<string, unknown>): RuntimeOptions {
  const text = (name: string) => (typeof options[name] === "string" ? options[name] : undefined);
  return {
    typescript: options["typescript"] !== false && options["typescript"] !== "false",
    nodeargs: splitArguments(text("nodeargs") ?? ""),
    tsconfig: text("tsconfig"),
    packageManager: text("packagemanager") ?? "npm",
  };
}

/** Splits as a shell does, without expanding anything. */
export function splitArguments(text: string): string[] {
  const words = text.match(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/g) ?? [];
  return words.map((word) =>
    word.replace(/\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/g, (_all, escaped?: string, double?: string, single?: string) =>
      escaped !== undefined ? escaped : double !== undefined ? double.replace(/\\(["\\$`])/g, "$1") : (single ?? ""),
    ),
  );
}

export function runtimeEnvironment(options: RuntimeOptions): Record<string, string> {
  return {
    ...(options.typescript && { PULUMI_NODEJS_TYPESCRIPT: "true" }),
    ...(options.tsconfig !== undefined && { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig }),
  };
}
