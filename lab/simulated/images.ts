/** Disk images of a simulated host, and its answers to the scripts of the provider that look at them, create them and remove them. */
import type { Answer } from "./answers";

export interface SimulatedImage {
  format: "raw" | "qcow2";
  bytes: number;
  /** What a guest reads from it; "" where nothing was written. */
  content: string;
  inode?: number;
  /** The VM that an interrupted or running move created it for. */
  createdFor?: string;
}

let inodes = 1000;

export class SimulatedImages {
  private readonly files = new Map<string, SimulatedImage & { inode: number }>();

  get paths(): string[] {
    return [...this.files.keys()].sort();
  }

  get(path: string): SimulatedImage | undefined {
    return this.files.get(path);
  }

  set(path: string, image: SimulatedImage): void {
    this.files.set(path, { inode: ++inodes, ...image });
  }

  /** Undefined: it is about something else. */
  answer(script: string): Answer | undefined {
    if (script.includes("findmnt -n")) return this.listed(/^set -- (.*)$/m, script, (path) => this.facts(path));
    if (script.includes("s missing; for t in tar")) {
      const { out } = this.listed(/for p in (.*); do$/m, script, (path) => this.copyFacts(path));
      return { out: `\n@@ root\nyes\n@@ missing\n${out}` };
    }
    if (script.includes("--backing-chain"))
      return this.listed(/for p in (.*); do$/m, script, (path) => this.chain(path));
    if (script.includes('echo "created $(stat')) return this.create(script);
    if (script.includes("another file is at $p now")) return this.remove(script);
    if (script.includes("read -r n v")) return this.marked(script);
    return undefined;
  }

  private listed(pattern: RegExp, script: string, facts: (path: string) => string): { out: string } {
    const paths = [...new Set(wordsIn(pattern, script))];
    return { out: `${paths.map((path) => `\n@@ ${path}\n${facts(path)}`).join("\n")}\n@@ end\n` };
  }

  private facts(path: string): string {
    const image = this.files.get(path);
    if (image === undefined) return "exists=0";
    const { inode, bytes, format } = image;
    const size = format === "raw" ? bytes : 200_000;
    const json = JSON.stringify({ "virtual-size": bytes, filename: path, format });
    return `exists=1\ninode=${inode}\nsize=${size}\nchanged=2026-11-28 10:00:00.000000000\nfstype=ext4\nmount=/dev/sda1\njson=${json}`;
  }

  private copyFacts(path: string): string {
    const image = this.files.get(path);
    const directory = `directory=1\nfree=${2 ** 40}\ndevice=1`;
    if (image === undefined) return directory;
    const empty = image.content === "" ? "\nempty=1" : "";
    return `${directory}\nexists=1\nbytes=${image.bytes}\nallocated=${empty === "" ? image.bytes : 0}${empty}`;
  }

  private chain(path: string): string {
    const image = this.files.get(path);
    return image ? Buffer.from(JSON.stringify([{ filename: path, format: image.format }])).toString("base64") : "";
  }

  private create(script: string): Answer {
    const path = wordIn(/p=(\S+); u=/, script);
    const [, format, bytes] = /qemu-img create -q -f (raw|qcow2) .*"\$m\.new" (\d+)/.exec(script) ?? [];
    if (this.files.has(path)) return { err: `${path} is there already` };
    this.set(path, {
      format: format as SimulatedImage["format"],
      bytes: Number(bytes),
      content: "",
      createdFor: wordIn(/; u=(\S+); beside/, script),
    });
    return { out: `created ${this.files.get(path)!.inode}\n` };
  }

  private remove(script: string): Answer {
    const path = wordIn(/p=(\S+); beside/, script);
    const image = this.files.get(path);
    if (image !== undefined && String(image.inode) !== wordIn(/" = (\d+) \]/, script))
      return { err: `another file is at ${path} now` };
    this.files.delete(path);
    return {};
  }

  /** Those that were created for this VM: named, or its own from now on. */
  private marked(script: string): Answer {
    const uuid = wordIn(/^u=(\S+); for/m, script);
    const paths = wordsIn(/for p in (.*); do$/m, script).filter((path) => this.files.get(path)?.createdFor === uuid);
    if (script.includes("s end")) {
      return { out: `${paths.map((path) => `\n@@ ${path}\n${this.files.get(path)!.inode}`).join("")}\n@@ end\n` };
    }
    for (const path of paths) delete this.files.get(path)!.createdFor;
    return {};
  }
}

function wordIn(pattern: RegExp, script: string): string {
  return (pattern.exec(script)?.[1] ?? "").replace(/^'(.*)'$/, "$1");
}

function wordsIn(pattern: RegExp, script: string): string[] {
  return (pattern.exec(script)?.[1] ?? "").split(" ").map((word) => word.replace(/^'(.*)'$/, "$1"));
}
