/** Values of ssh_config that ssh does not take: it starts for no host then. Only what is used here is checked. */

import { parseDestination } from "../core/destination";
import { criteriaOf } from "./match";

type Form = (values: readonly string[], env: NodeJS.ProcessEnv) => boolean;

const one = (values: readonly string[]) => values.length === 1 && values[0] !== "";
const oneLike =
  (form: RegExp): Form =>
  (values) =>
    one(values) && form.test(values[0]!);

const flag = oneLike(/^(yes|true|no|false)$/i);
const time: Form = (values) => one(values) && (values[0] === "none" || secondsOf(values[0]!) !== undefined);
const some: Form = (values) => values.length > 0 && values.every((value) => value !== "");

/** ssh knows the names of services as ports too. */
const isHop = (text: string) => parseDestination(text) !== undefined || /^[^/]*[^/@]:[a-z][a-z0-9-]*$/i.test(text);

/** The one value whose variables ssh looks up as it reads the line, whether or not that is for this host. */
const agent: Form = (values, env) =>
  one(values) &&
  (/^\$(?!\{)/.test(values[0]!)
    ? /^\$\w+$/.test(values[0]!)
    : [...values[0]!.matchAll(/\$\{([^}]*)(\}?)/g)].every(([, name, end]) => end !== "" && env[name!] !== undefined));

const forms: Record<string, Form> = {
  host: some,
  match: (words) => criteriaOf(words) !== undefined,
  include: some,
  hostname: one,
  user: one,
  port: ([value = "", ...more]) =>
    more.length === 0 && /^\d{1,5}$/.test(value) && Number(value) > 0 && Number(value) < 65_536,
  proxyjump: ([value = ""]) => value.toLowerCase() === "none" || value.split(",").every(isHop),
  identityfile: one,
  certificatefile: one,
  identityagent: agent,
  identitiesonly: flag,
  gssapiauthentication: flag,
  pubkeyauthentication: oneLike(/^(yes|true|no|false|unbound|host-bound)$/i),
  preferredauthentications: one,
  pubkeyacceptedalgorithms: one,
  tag: one,
  bindaddress: one,
  bindinterface: one,
  addressfamily: oneLike(/^(any|inet|inet6)$/i),
  pkcs11provider: one,
  connecttimeout: time,
  serveraliveinterval: time,
  serveralivecountmax: oneLike(/^\d{1,9}$/),
  canonicalizehostname: oneLike(/^(yes|true|no|false|always)$/i),
  canonicalizemaxdots: oneLike(/^\d{1,9}$/),
};

/** Undefined: nothing is wrong with it, or it is not used here. */
export function valueFault(keyword: string, values: readonly string[], env: NodeJS.ProcessEnv): string | undefined {
  if (forms[keyword]?.(values, env) !== false) return undefined;
  return `${keyword} has the value ${JSON.stringify(values.join(" ").slice(0, 100))}, which ssh does not take`;
}

export const isYes = (value: string | undefined): boolean => /^(yes|true)$/i.test(value ?? "");

const unitSeconds: Record<string, number> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** ssh_config's times: seconds, or numbers with their units one after the other ("1m30s"). Undefined: no time. */
export function secondsOf(text: string): number | undefined {
  if (text === "" || text.length > 40 || !/^(\d+[smhdw])*(\d+)?$/i.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+)([smhdw]?)/gi)];
  const seconds = parts.reduce((sum, [, number, unit]) => sum + Number(number) * unitSeconds[unit!.toLowerCase()]!, 0);
  return seconds < 2 ** 31 ? seconds : undefined;
}
