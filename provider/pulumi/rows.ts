import type { Progress } from "../core/ports";
import type { Display } from "./display";
import type { Props } from "./state";

/** The row of a placement. A warning that its preview has given is not given again by the update: the row says it once. */
export function createRows(display: Display): (props: Props) => Progress {
  const warned = new Set<string>();
  return (props) => {
    const urn = typeof props.__urn === "string" ? props.__urn : "";
    const row = display.row(urn);
    const warn = (text: string) => {
      if (warned.has(`${urn} ${text}`)) return;
      warned.add(`${urn} ${text}`);
      row.warn(text);
    };
    return { ...row, warn };
  };
}
