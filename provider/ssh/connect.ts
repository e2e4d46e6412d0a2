import { PlacementError } from "../core/errors";
import { attempt, type OpenTransport, type Timing } from "./attempt";
import type { Connection } from "./connection";
import { credentialsFor } from "./credentials";
import { againWhereDropped } from "./dropped";
import { hostKeyCheck, type Shown } from "./host-key";
import { noHostKeyAlgorithm, otherTypeForSsh } from "./host-key-failures";
import { keyTypeOf } from "./host-key-algorithms";
import { typeOfKey } from "./public-key";
import type { Target } from "./target";

/** An authenticated connection whose host key was verified. */
export async function connect(target: Target, open: OpenTransport, timing: Timing): Promise<Connection> {
  const check = hostKeyCheck(target);
  if (check.algorithms.length === 0) throw noHostKeyAlgorithm(target);
  const credentials = await credentialsFor(target);
  let { algorithms } = check;
  let mismatch: PlacementError | undefined;
  let typeForSsh: string | undefined;
  for (;;) {
    let offered: string | undefined;
    const refusal = (key: Buffer, shown: Shown) => {
      offered = typeOfKey(key);
      // Where ssh would be shown a certificate of another key, that key is the one to judge.
      typeForSsh = check.typeForSsh(key, shown);
      return typeForSsh === undefined ? check.refusal(key, shown) : otherTypeForSsh(target, typeForSsh);
    };
    try {
      return await againWhereDropped(target.connectTimeoutMs ?? timing.connectTimeoutMs, () =>
        attempt({ target, timing, credentials, serverHostKey: algorithms, refusal }, open),
      );
    } catch (error) {
      // What went wrong with a second key type matters less than that the first key was not the pinned one.
      if (mismatch && offered === undefined) throw mismatch;
      const narrowed = algorithms.filter((algorithm) => keyTypeOf(algorithm) === typeForSsh);
      if (typeForSsh !== undefined && narrowed.length > 0 && narrowed.length < algorithms.length) {
        algorithms = narrowed;
        continue;
      }
      if (!(error instanceof PlacementError) || error.code !== "hostKeyChanged") throw error;
      mismatch ??= error;
      algorithms = algorithms.filter((algorithm) => keyTypeOf(algorithm) !== offered);
      if (!check.typeUnknown || algorithms.length === 0) throw mismatch;
    }
  }
}
