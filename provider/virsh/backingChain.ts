import { imageFunctions } from "./imageFunctions";
import { sections } from "./sections";
import { sh, type ShellScript } from "./shellScript";

/** The backing chain of each image, itself first, as qemu-img reports it. Reads only. */
export function chainScript(paths: readonly string[]): ShellScript {
  return sh`${imageFunctions}
for p in ${paths}; do
  s "$p"; [ -r "$p" ] && qemu-img info -U --backing-chain --output=json "$p" 2>/dev/null | base64 -w 0; echo
done
s end`;
}

/** @returns undefined for an image whose chain is not to be had. */
export function parseChains(text: string): Record<string, string[]> | undefined {
  const all = sections(text);
  if (!all.has("end")) return undefined;
  return Object.fromEntries(
    [...all].flatMap(([path, section]) => {
      const files = path === "end" ? undefined : chainOf(section);
      return files === undefined ? [] : [[path, files] as const];
    }),
  );
}

function chainOf(base64: string): string[] | undefined {
  try {
    const chain: unknown = JSON.parse(Buffer.from(base64.trim(), "base64").toString("utf8"));
    if (!Array.isArray(chain)) return undefined;
    const names = chain.map((image: { filename?: unknown }) => image.filename);
    return names.every((name): name is string => typeof name === "string" && name.startsWith("/")) ? names : undefined;
  } catch {
    return undefined;
  }
}
