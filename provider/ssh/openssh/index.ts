/** ssh as the user has it: the system's own ssh makes the connection, and the commands go over its master's socket. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { PlacementError } from "../../core/errors";
import type { Timing } from "../attempt";
import { notForwarded } from "../connect-failures";
import { credentialsFor } from "../credentials";
import { againWhereDropped } from "../dropped";
import { failure, words } from "../failure";
import { keyTypeOf } from "../host-key-algorithms";
import { readPrivateKeyFile } from "../private-key";
import type { Way } from "../shell";
import type { Surroundings } from "../surroundings";
import type { Target } from "../target";
import { masterArguments, throughMaster } from "./arguments";
import { MasterLink, OpenMaster } from "./connection";
import { privateDirectory } from "./directory";
import { forwardRefusal, offeredKey, stoppedAtHop, weakHostKey } from "./failures";
import { serveKeys } from "./key-agent";
import { type Master, MasterEnded, startMaster } from "./master";
import { pinnedKey } from "./pinned";

interface OpenSshSettings {
  /** Path of the ssh command. */
  ssh: string;
  around: Surroundings;
  timing: Timing;
}

/** A connection to the last target of a route; the others are jump hosts on the way to it. */
export async function dialOpenSsh(route: readonly Target[], settings: OpenSshSettings): Promise<Way> {
  const directory = privateDirectory();
  const open: OpenMaster[] = [];
  let link: MasterLink | undefined;
  try {
    for (const target of route) {
      open.push(await openMaster(target, join(directory.path, String(open.length)), open.at(-1), settings));
    }
    link = await MasterLink.over(open.at(-1)!);
    return { link, hops: open.slice(0, -1) };
  } catch (error) {
    for (const master of open.reverse()) await master.close();
    const target = route[open.length] ?? route.at(-1)!;
    throw error instanceof PlacementError
      ? error
      : failure(target, "hostUnreachable", { message: words(error), remedies: [{ do: "run it again" }] });
  } finally {
    // The sockets that are open stay so; nothing is left behind when this process is ended.
    directory.remove();
  }
}

async function openMaster(
  target: Target,
  socketPath: string,
  hop: OpenMaster | undefined,
  { ssh, around, timing }: OpenSshSettings,
): Promise<OpenMaster> {
  await refuseUnusableKey(target);
  const pin = pinnedKey(target);
  const ownKeys = target.keys.privateKey !== undefined || target.keys.passphrase !== undefined;
  const agentSocket = ownKeys ? `${socketPath}a` : undefined;
  const agent = agentSocket && (await serveKeys(agentSocket, (await credentialsFor(target)).offers));
  const proxyCommand = hop && throughMaster(ssh, hop.socketPath);
  const start = (algorithms: readonly string[] | undefined) => {
    const options = [...(pin?.options ?? []), ...(algorithms ? [`HostKeyAlgorithms=${algorithms.join(",")}`] : [])];
    const configFile = around.configFile === undefined || existsSync(around.configFile) ? around.configFile : "none";
    const args = masterArguments(target, { socketPath, configFile, timing, proxyCommand, agentSocket, pin: options });
    return againWhereDropped(target.connectTimeoutMs ?? timing.connectTimeoutMs, () =>
      startMaster(ssh, args, target, { timing, env: around.env, byHop: hop !== undefined }),
    ).catch((error: unknown) => {
      throw (hop && stoppedBy(hop, target, error)) ?? error;
    });
  };
  try {
    const master = await withOtherKeyTypes(start, pin);
    const opened = await OpenMaster.take(target, socketPath, master);
    // It has answered by now, so what it printed before has come in.
    const weak = weakHostKey(target, master.stderr);
    if (!weak) return opened;
    await opened.close();
    throw weak;
  } finally {
    if (agent) agent.close();
  }
}

/** What the jump host's own ssh said of a connection that it did not make. */
function stoppedBy(hop: OpenMaster, target: Target, error: unknown): PlacementError | undefined {
  if (!(error instanceof MasterEnded) || !stoppedAtHop(error.stderr)) return undefined;
  const refusal = forwardRefusal(hop.stderr);
  return refusal && notForwarded(target, hop.target, refusal);
}

/** Where a pinned fingerprint is not that of the key shown, the host may have it among its keys of other types. */
async function withOtherKeyTypes(
  start: (algorithms: readonly string[] | undefined) => Promise<Master>,
  pin: { algorithms: string[]; typeUnknown: boolean } | undefined,
): Promise<Master> {
  let mismatch: Error | undefined;
  let algorithms = pin?.algorithms;
  for (;;) {
    try {
      return await start(algorithms);
    } catch (error) {
      const ended = error instanceof MasterEnded ? error : undefined;
      const offered = ended && offeredKey(ended.stderr);
      const changed = ended?.failure instanceof PlacementError && ended.failure.code === "hostKeyChanged";
      // What went wrong with a second key type matters less than that the first key was not the pinned one.
      if (mismatch && !offered) throw mismatch;
      if (!changed || !offered || !pin?.typeUnknown) throw ended?.failure ?? error;
      mismatch ??= ended.failure;
      algorithms = algorithms!.filter((algorithm) => keyTypeOf(algorithm) !== offered.type);
      if (algorithms.length === 0) throw mismatch;
    }
  }
}

/** ssh passes over a key that it cannot use; one that the inventory names has to be usable. Of other kinds than ours ssh knows more. */
async function refuseUnusableKey(target: Target): Promise<void> {
  const { namedBy, privateKey, passphrase, identityFiles } = target.keys;
  const [path] = identityFiles;
  if (namedBy !== "inventory" || privateKey !== undefined || path === undefined) return;
  const read = readPrivateKeyFile(path, passphrase);
  if ("problem" in read && read.problem !== "unsupported") await credentialsFor(target);
}
