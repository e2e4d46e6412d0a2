/**
 * The parts of the provider that only some calls need, each loaded at the first of them: `require`, since an `import()` of CommonJS would be
 * one of ES modules. An `up` without a change, or a static preview, loads neither the hosts' side nor ssh: half of what starts the process.
 */
/* eslint-disable @typescript-eslint/no-require-imports */
import type * as ahead from "./pulumi/ahead";
import type * as found from "./pulumi/found";
import type * as functions from "./pulumi/functions";
import type * as history from "./pulumi/history";
import type * as read from "./pulumi/read";
import type * as traceExport from "./pulumi/traceExport";
import type * as tracing from "./pulumi/tracing";
import type * as interruptNotice from "./reconcile/interruptNotice";
import type * as reconcile from "./reconcile/reconcile";
import type * as ssh from "./ssh";

export const late = {
  ahead: () => require("./pulumi/ahead") as typeof ahead,
  found: () => require("./pulumi/found") as typeof found,
  functions: () => require("./pulumi/functions") as typeof functions,
  history: () => require("./pulumi/history") as typeof history,
  read: () => require("./pulumi/read") as typeof read,
  traceExport: () => require("./pulumi/traceExport") as typeof traceExport,
  tracing: () => require("./pulumi/tracing") as typeof tracing,
  reconcile: () => require("./reconcile/reconcile") as typeof reconcile,
  interruptNotice: () => require("./reconcile/interruptNotice") as typeof interruptNotice,
  ssh: () => require("./ssh") as typeof ssh,
};
