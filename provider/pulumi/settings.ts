/** The stack's configuration, as `configure` gets it: read once for all placements of the process. */
import { PlacementError } from "../core/errors";
import type { Inventory } from "../core/model";
import type { Dial } from "../core/ports";
import type * as observed from "../observe/hosts";
import {
  type InputFailure,
  type OnInterrupt,
  parseHistory,
  parseInventory,
  parseOnInterrupt,
  parsePreviewSettings,
  parseSsh,
  parseUri,
  type PreviewSettings,
} from "../schema";
import type { World } from "./world";

export interface Settings {
  inventory: Inventory;
  uri: string;
  preview: PreviewSettings;
  /** What happens to a migration in progress when pulumi is told to stop at once. */
  onInterrupt: OnInterrupt;
  /** The file to which each move is added; undefined = none. */
  history: string | undefined;
  /** What is wrong with the configuration: `check` returns it, and whatever needs a host is refused. */
  failures: InputFailure[];
  readonly hosts: observed.Hosts;
  /** Connects to hosts of this or another inventory, by the ssh that the stack asks for. */
  readonly dial: (inventory: Inventory) => Dial;
  /** Host names that ~/.ssh/config knows literally; read where the inventory lacks a name. */
  readonly sshHosts: () => string[];
}

/** Never fails, since Pulumi would show a failure of `configure` beside no resource. */
export function readSettings(get: (key: string) => string | undefined, world: World): Settings {
  const { inventory, failures } = parseInventory(get("vm-placement:hosts"));
  const { uri, failures: uriFailures } = parseUri(get("vm-placement:uri"));
  const { preview, failures: previewFailures } = parsePreviewSettings(get);
  const { onInterrupt, failures: interruptFailures } = parseOnInterrupt(get("vm-placement:onInterrupt"));
  const { ssh, failures: sshFailures } = parseSsh(get("vm-placement:ssh"));
  const { history, failures: historyFailures } = parseHistory(get("vm-placement:history"));
  const debug = (text: string) => world.display.debug(text);
  const dial = (hosts: Inventory) => world.dial(hosts, ssh, debug);
  let hosts: observed.Hosts | undefined;
  return {
    inventory,
    uri,
    preview,
    onInterrupt,
    history,
    failures: [
      ...failures,
      ...uriFailures,
      ...sshFailures,
      ...previewFailures,
      ...interruptFailures,
      ...historyFailures,
    ],
    // Loaded when a host is asked: what reads its answers is much.
    get hosts() {
      // eslint-disable-next-line @typescript-eslint/no-require-imports
      const { Hosts } = require("../observe/hosts") as typeof observed;
      return (hosts ??= new Hosts(dial(inventory), inventory, uri, world.clock, debug));
    },
    dial,
    sshHosts: () => world.sshHosts(),
  };
}

/** @throws PlacementError where the configuration cannot be used. */
export function usable(settings: Settings): Settings {
  const [first] = settings.failures;
  if (!first) return settings;
  throw new PlacementError({
    code: "invalidInput",
    phase: "configure",
    action: `${first.property.startsWith("vm-placement:") ? "the stack's configuration" : "the input"} ${first.property} cannot be used`,
    message: first.message,
    remedies: [
      ...first.remedies,
      {
        do: "fix it with `pulumi config set --path`, then run `pulumi up`: refresh and destroy use the configuration of the last up",
      },
    ],
  });
}
