import { PlacementError } from "../core/errors";
import type { SshChoice } from "../core/model";
import type { Shell } from "../core/ports";
import { onlyForSsh } from "./agent";
import { credentialsFor } from "./credentials";
import { certificateInAgent, securityKeyInAgent } from "./needs-openssh";
import { installSsh, sshUnusable } from "./openssh/failures";
import { findSsh, type SshProgram } from "./openssh/program";
import type { Surroundings } from "./surroundings";
import type { Target } from "./target";

/** Both ways to open the same route. */
interface Ways {
  ssh2(): Promise<Shell>;
  /** `program`: path of the ssh command. */
  openssh(program: string): Promise<Shell>;
}

/** Decides for each route which ssh opens it. */
export function choose(choice: SshChoice, around: Surroundings, note: (text: string) => void) {
  let program: Promise<SshProgram> | undefined;
  const noted = new Set<string>();

  return async (route: readonly Target[], ways: Ways): Promise<Shell> => {
    const target = route.at(-1)!;
    if (choice === "ssh2") return ways.ssh2();
    const demanding = choice === "auto" ? await demandingOf(route) : route.find(({ needsOpenSsh }) => needsOpenSsh[0]);
    if (choice === "auto" && !demanding) return ways.ssh2();
    const found = await (program ??= findSsh(around.env));
    if (!demanding || choice === "openssh") {
      if ("missing" in found) throw sshUnusable(target, found.missing);
      return ways.openssh(found.path);
    }
    const { hop, host, needsOpenSsh } = demanding;
    const why = `${hop === undefined ? "" : `jump host ${hop}: `}${needsOpenSsh.join("; ")}`;
    if ("missing" in found) return withRemedy(ways.ssh2(), `${installSsh}: then it connects (${why})`);
    if (!noted.has(host)) {
      noted.add(host);
      note(`${host} is reached with this computer's ssh command: ${why}`);
    }
    return ways.openssh(found.path);
  };
}

/** What stands in files is known by now; an agent has to be asked. */
async function demandingOf(route: readonly Target[]): Promise<Target | undefined> {
  for (const target of route) {
    if (target.needsOpenSsh.length > 0) return target;
    const { certificate, securityKeys } = await onlyForSsh(target.keys);
    if (certificate) return { ...target, needsOpenSsh: [certificateInAgent] };
    if (securityKeys.length > 0 && !(await hasOtherKey(target)))
      return { ...target, needsOpenSsh: [securityKeyInAgent] };
  }
  return undefined;
}

/** A key that ssh2 can offer. */
function hasOtherKey(target: Target): Promise<boolean> {
  return credentialsFor(target).then(
    ({ offers }) => offers.length > 0,
    () => false,
  );
}

/** What ssh2 refuses, it may refuse because the system's ssh is missing. */
async function withRemedy(shell: Promise<Shell>, remedy: string): Promise<Shell> {
  try {
    return await shell;
  } catch (error) {
    if (!(error instanceof PlacementError)) throw error;
    throw new PlacementError({ ...error.problem, remedies: [...error.problem.remedies, { do: remedy }] });
  }
}
