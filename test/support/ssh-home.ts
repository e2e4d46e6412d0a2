import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Host } from "../../provider/core/model";
import { readConfig } from "../../provider/ssh/config";
import type { SshOptions } from "../../provider/ssh/surroundings";
import { surroundings } from "../../provider/ssh/surroundings";
import { refuseForSsh2 } from "../../provider/ssh/ssh2-limits";
import { resolveTarget } from "../../provider/ssh/target";

/** A home directory for each test, whose ~/.ssh/config is read. Call it in a `describe`. */
export function sshHome() {
  const at = { home: "" };
  beforeEach(() => void (at.home = mkdtempSync(join(tmpdir(), "ssh-config-"))));
  afterEach(() => rmSync(at.home, { recursive: true, force: true }));

  function write(path: string, text: string): string {
    const file = join(at.home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  function options(env: NodeJS.ProcessEnv = {}): SshOptions {
    return {
      home: at.home,
      env,
      localUser: "me",
      systemConfigFile: join(at.home, "etc/ssh_config"),
      globalKnownHostsFiles: ["/g"],
    };
  }

  function target(host: Host, config = "", env?: NodeJS.ProcessEnv) {
    write(".ssh/config", config);
    const around = surroundings(options(env));
    const resolved = resolveTarget(host, { host: host.name }, readConfig(around), around);
    refuseForSsh2(resolved);
    return resolved;
  }

  return { home: () => at.home, write, options, target };
}
