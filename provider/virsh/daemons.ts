/** Which of libvirt's daemons serve a host, by their sockets, processes and units: never by what one of them prints. */
import type { Daemons } from "../core/daemons";
import { head, sections } from "./sections";
import { sh } from "./shellScript";

const modular = "virtqemud virtproxyd virtlogd virtlockd virtnetworkd virtstoraged virtsecretd virtnwfilterd".split(
  " ",
);
const units = [
  ...["libvirtd", ...modular].flatMap((daemon) => [`${daemon}.service`, `${daemon}.socket`]),
  ...["libvirtd", "virtproxyd"].flatMap((daemon) => [`${daemon}-tls.socket`, `${daemon}-tcp.socket`]),
];

export const daemonsScript = sh`${head}
s init; if [ -d /run/systemd/system ]; then echo systemd; elif command -v rc-service >/dev/null; then echo openrc; fi
s sockets; for d in libvirt ${modular}; do [ -S "/run/libvirt/$d-sock" ] || [ -S "/var/run/libvirt/$d-sock" ] && echo "$d"; done
s processes; cat /proc/[0-9]*/comm 2>/dev/null | grep -xE 'libvirtd|virtqemud|virtproxyd' | sort -u
s installed; for d in libvirtd virtqemud; do command -v "$d" >/dev/null || [ -x "/usr/sbin/$d" ] && echo "$d"; done
s units; [ -d /run/systemd/system ] && systemctl show -p Id -p LoadState -p ActiveState -p UnitFileState ${units} 2>/dev/null
s end`;

export function parseDaemons(text: string): Daemons | undefined {
  const all = sections(text);
  if (!all.has("end")) return undefined;
  const lines = (name: string) => (all.get(name) ?? "").split("\n").filter((line) => line !== "");
  const shown = parseUnits(all.get("units") ?? "");
  const [sockets, processes, installed] = [lines("sockets"), lines("processes"), lines("installed")];
  const unitOf = (daemon: string, state: "active" | "enabled") =>
    ["service", "socket"].some((kind) => shown[`${daemon}.${kind}`]?.[state]);
  const runs = (daemon: string) => processes.includes(daemon) || unitOf(daemon, "active");
  const layout = layoutOf({ sockets, installed, runs, enabled: (daemon) => unitOf(daemon, "enabled") });
  if (layout === undefined) return undefined;
  const other = layout === "modular" ? "libvirtd" : "virtqemud";
  const [init] = lines("init");
  return {
    layout,
    init: init === "systemd" || init === "openrc" ? init : undefined,
    answering: sockets.map((name) => (name !== "libvirt" ? name : layout === "modular" ? "virtproxyd" : "libvirtd")),
    units: shown,
    other: runs(other) ? "active" : unitOf(other, "enabled") ? "enabled" : undefined,
  };
}

/**
 * As libvirt's clients choose: virtqemud's socket where there is one, else the one that libvirtd and virtproxyd share (`libvirt-sock`).
 * Where nothing runs, what would be started.
 */
function layoutOf(found: {
  sockets: readonly string[];
  installed: readonly string[];
  runs: (daemon: string) => boolean;
  enabled: (daemon: string) => boolean;
}): Daemons["layout"] | undefined {
  const { sockets, installed, runs, enabled } = found;
  if (sockets.includes("virtqemud")) return "modular";
  if (sockets.includes("libvirt") && (runs("libvirtd") || runs("virtproxyd"))) {
    return runs("libvirtd") ? "monolithic" : "modular";
  }
  for (const is of [runs, enabled, (daemon: string) => installed.includes(daemon)]) {
    const [whole, parts] = [is("libvirtd"), is("virtqemud")];
    if (whole !== parts) return parts ? "modular" : "monolithic";
  }
  return undefined;
}

/** `systemctl show`: a block for each unit, with an empty line between two. */
function parseUnits(text: string): Daemons["units"] {
  return Object.fromEntries(
    text.split("\n\n").flatMap((block) => {
      const values = new Map(block.split("\n").map((line) => line.split("=", 2) as [string, string]));
      const [id, load] = [values.get("Id") ?? "", values.get("LoadState")];
      if (!units.includes(id) || (load !== "loaded" && load !== "masked")) return [];
      return [
        [
          id,
          {
            active: values.get("ActiveState") === "active",
            enabled: /^(enabled|enabled-runtime)$/.test(values.get("UnitFileState") ?? ""),
            masked: load === "masked",
          },
        ],
      ];
    }),
  );
}
