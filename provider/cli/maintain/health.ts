import type { Clock } from "../../core/ports";
import type { Hosts } from "../../observe/hosts";
import { doctor } from "../doctor";

/** The blockers of a host, and between it and others, as doctor finds them. */
export async function healthOf(hosts: Hosts, host: string, others: readonly string[], clock: Clock): Promise<string[]> {
  const names = [host, ...others.filter((other) => other !== host)];
  const diagnosis = await doctor(hosts, names, false, clock, host);
  const own = diagnosis.hosts.filter((each) => each.host === host);
  const problems = [...own, ...diagnosis.pairs].flatMap((each) => each.problems);
  const blockers = problems.filter(({ severity }) => severity === "blocker");
  return [...new Set(blockers.map(({ message, code }) => `${message} [${code}]`))];
}
