/** What becomes of a VM that something else than `up` has moved. */
import { isDeepStrictEqual } from "node:util";
import type { OnDrift } from "../core/args";
import type { DomainView } from "../core/domain";
import type { DesiredPlacement } from "../observe/assess";
import { declaredHost, type Drift } from "../schema";
import type { Props } from "./state";

/** For an update. @param spelled a host as the program names it. */
export function driftOf(
  onDrift: OnDrift | undefined,
  olds: Props,
  news: Props,
  spelled: (host: string) => string,
): DesiredPlacement["drift"] {
  if (onDrift === "adopt") {
    // A move that the program asked for and that did not end is no drift.
    const isAskedFor = !isDeepStrictEqual(news.host, declaredHost(olds)) || olds.__incomplete === true;
    return isAskedFor ? undefined : { stays: true };
  }
  const left = (olds.__drift as Drift | undefined)?.from ?? (olds.currentHost as string | undefined);
  return onDrift === "fail" && left !== undefined ? { onlyFrom: spelled(left) } : undefined;
}

/** For a refresh that finds a VM on a host that the program does not name. Where `up` itself left it there, nothing has drifted. */
export function driftFoundIn(props: Props, view: DomainView): Drift | undefined {
  const { host, currentHost, __drift: known } = props;
  if (known !== undefined) return known as Drift;
  return typeof currentHost === "string" && currentHost !== view.host ? { host, from: currentHost } : undefined;
}

/** What a failed update keeps in state: the VM is where it was, and has still drifted. */
export function driftRefused({ host, currentHost, __drift: known }: Props): Props {
  return { __drift: known ?? { host, from: currentHost } };
}

export function notMovedBack({ name, host }: DomainView, onDrift: "adopt" | "fail" | undefined): string {
  const then =
    onDrift === "adopt"
      ? "it stays there until `host` changes in the program"
      : "`pulumi up` moves it nowhere until `host` names that host, or it is back";
  return `${name} was moved to ${host} by something else than \`up\`: ${then} (onDrift: "${onDrift}")`;
}
