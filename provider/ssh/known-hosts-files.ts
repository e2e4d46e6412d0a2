import type { Host } from "../core/model";
import type { Remedy } from "../core/problem";
import { expandHome, expandPath, type Tokens } from "./expand";
import { hasQuotes } from "./host-key-forms";
import type { Obstacle } from "./obstacle";
import type { ConfigValues } from "./lookup";
import type { Surroundings } from "./surroundings";

export interface KnownHostsFiles {
  paths: string[];
  obstacles: Obstacle[];
}

/** OpenSSH's limit for each of the two lists. */
const mostFiles = 32;

export const pinInstead: Remedy = { do: "set hostKey of the host in the inventory" };

/** The inventory's knownHostsFile stands for all that ssh_config says about where known keys are. */
export function knownHostsFiles(
  host: Host,
  config: ConfigValues,
  around: Surroundings,
  tokens: Tokens,
): KnownHostsFiles {
  if (host.knownHostsFile !== undefined)
    return { paths: [expandHome(host.knownHostsFile, around.home)], obstacles: [] };
  const obstacles: Obstacle[] = [];
  const add = (keyword: string, why: string) => {
    obstacles.push({
      fault: {
        message: `${keyword} of ssh_config ${why}`,
        remedies: [{ do: `fix ${keyword}` }, pinInstead, { do: "set knownHostsFile of the host in the inventory" }],
      },
      pinHelps: true,
    });
  };
  const listed = (keyword: string, otherwise: readonly string[], expand: (path: string) => string | undefined) => {
    const values = config.get(keyword.toLowerCase()) ?? otherwise;
    const nowhere = values.some((value) => value.toLowerCase() === "none");
    if (nowhere && values.length === 1) return [];
    if (values.length > mostFiles) add(keyword, `has more than ${mostFiles} files`);
    return values.flatMap((value) => {
      const path = hasQuotes(value) ? undefined : expand(value);
      if (path === undefined) add(keyword, `has the path ${value}, which is not understood here`);
      return path ?? [];
    });
  };
  const { home, env } = around;
  const atHome = (path: string) => (/^~[^/]/.test(expandHome(path, home)) ? undefined : expandHome(path, home));
  const paths = [
    ...listed("UserKnownHostsFile", ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"], (path) =>
      expandPath(path, home, tokens, env),
    ),
    ...listed("GlobalKnownHostsFile", around.globalKnownHostsFiles, atHome),
  ];
  return { paths, obstacles };
}
