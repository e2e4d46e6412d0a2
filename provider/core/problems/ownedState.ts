/** What a VM owns beside its disks has to go with it: libvirt sends it with a running VM only. */
import type { OwnedFacts, OwnedState } from "../owned";
import { commandLine } from "../shownCommand";
import { showBytes } from "../units";
import { versionBelow } from "../version";
import type { MoveFacts } from "./facts";
import type { Problem, Remedy } from "../problem";
import { installSwtpm } from "./fit";
import { isSameFile } from "./sameStorage";

/** Copied as text through the controller's memory; vTPM state has kilobytes, UEFI variables 64 MiB at most. */
const mostBytes = 128 * 2 ** 20;

export interface OwnedToCopy extends OwnedState {
  path: string;
  digest: string;
}

/** What an offline move copies; nothing where both hosts see it, or where there is none. */
export function ownedToCopy({ domain, how, sourceOwned, destinationOwned }: MoveFacts): OwnedToCopy[] {
  if (how !== "offline") return [];
  return (domain?.owned ?? []).flatMap((owned) => {
    const { path } = owned;
    const here = path === undefined ? undefined : sourceOwned?.byPath[path];
    const there = path === undefined ? undefined : destinationOwned?.byPath[path];
    if (path === undefined || here?.digest === undefined || here.digest === "nothing") return [];
    return there !== undefined && isSameFile(here, there) ? [] : [{ ...owned, path, digest: here.digest }];
  });
}

export function ownedStateGoesAlong(facts: MoveFacts): Problem[] {
  const { domain, how, source, destination } = facts;
  if (domain === undefined) return how === "offline" ? [unreadable(facts)] : [];
  if (how === "live") return templatesAreThere(facts);
  return domain.owned.flatMap((owned) => {
    const make: Make = (host, message, remedies) => [
      {
        rule: "owned-state",
        severity: "blocker",
        code: "unsafeStorage",
        host,
        message: `an offline migration sends no ${owned.what} of ${domain.name}: ${message}`,
        remedies,
      },
    ];
    const { path } = owned;
    if (path === undefined) {
      return make(source.host, `where it lies is not known to this provider`, [
        { do: `start ${domain.name} and move it live: libvirt sends it then` },
      ]);
    }
    const here = facts.sourceOwned?.byPath[path];
    const there = facts.destinationOwned?.byPath[path];
    if (here === undefined || there === undefined) {
      const host = here === undefined ? source.host : destination.host;
      return make(host, `${host} does not tell what is at ${path}`, [
        { do: "see that sh, find, sha256sum and stat work there" },
      ]);
    }
    return oneGoesAlong(facts, { ...owned, path }, here, there, make);
  });
}

type Make = (host: string, message: string, remedies: Remedy[]) => Problem[];

function oneGoesAlong(
  { domain, source, destination, sourceOwned, destinationOwned }: MoveFacts,
  { what, path, keptByLibvirt }: OwnedState & { path: string },
  here: OwnedFacts,
  there: OwnedFacts,
  make: Make,
): Problem[] {
  const name = domain!.name;
  const liveInstead: Remedy = { do: `start ${name} and move it live: libvirt sends it then` };
  if (here.digest === "nothing" && here.keptCopy !== undefined) {
    return make(
      source.host,
      `there is none at ${path} on ${source.host}, but the copy that an interrupted move kept: ${here.keptCopy}`,
      [
        {
          do: "put it back",
          commands: [
            { host: source.host, command: commandLine`mv -T ${here.keptCopy} ${path}` },
            { command: "pulumi up" },
          ],
        },
        {
          do: "remove it, if nobody needs it, and run `pulumi up` again",
          loses: `the ${what}`,
        },
      ],
    );
  }
  if (isSameFile(here, there)) {
    // libvirt 9.0.0 leaves alone what lies on a file system that it knows as shared; older ones delete it for both hosts.
    if (
      what !== "vTPM state" ||
      keptByLibvirt ||
      source.libvirt === undefined ||
      !versionBelow(source.libvirt, "9.0.0")
    )
      return [];
    return make(
      source.host,
      `both hosts see ${path}, and libvirt ${source.libvirt} on ${source.host} deletes it with the definition`,
      [
        {
          do: "add persistent_state='yes' to the <backend> of its <tpm>",
          commands: [{ host: source.host, command: commandLine`virsh edit ${domain!}` }],
        },
        liveInstead,
      ],
    );
  }
  if (here.digest === "nothing" && there.digest === "nothing") return [];
  for (const [{ host }, owned] of [
    [source, sourceOwned],
    [destination, destinationOwned],
  ] as const) {
    if (owned?.isRoot) continue;
    return make(
      host,
      `${path} has to be copied, and the account ${owned?.account ?? "used"} on ${host} may neither read nor write it`,
      [{ do: `deploy as root on ${host} (\`user: root\` in vm-placement:hosts)` }, liveInstead],
    );
  }
  if (here.digest === undefined || there.digest === undefined || here.irregular || there.irregular) {
    const host = here.digest === undefined || here.irregular ? source.host : destination.host;
    return make(
      host,
      `${path} on ${host} ${here.irregular || there.irregular ? "holds symbolic links or special files" : "cannot be read"}`,
      [{ do: "look at it", commands: [{ host, command: commandLine`find ${path} -ls` }] }],
    );
  }
  if (there.digest !== "nothing" && there.digest !== here.digest && !there.superseded) {
    const ours = here.digest === "nothing" ? `none (${name} was never started there)` : `of ${here.modified ?? "?"}`;
    return make(
      destination.host,
      `${path} on ${destination.host} has other content (of ${there.modified ?? "?"}; on ${source.host}: ${ours}), and ${name} would start with that`,
      [
        {
          do: "if nobody needs it, for example because an earlier move by hand left it, put it aside",
          commands: [
            { host: destination.host, command: commandLine`mv -T ${path} ${`${path}.old`}` },
            { command: "pulumi up" },
          ],
        },
      ],
    );
  }
  if (here.digest === "nothing") return [];
  const bytes = here.bytes ?? 0;
  if (bytes > mostBytes) {
    return make(source.host, `${path} has ${showBytes(bytes)}, more than the ${showBytes(mostBytes)} that are copied`, [
      liveInstead,
    ]);
  }
  const short = [
    [source.host, here],
    [destination.host, there],
  ] as const;
  for (const [host, { freeBytes }] of short) {
    if (freeBytes === undefined || freeBytes > 2 * bytes + 2 ** 20) continue;
    return make(
      host,
      `${host} has ${showBytes(freeBytes)} free for ${path}, and ${showBytes(2 * bytes + 2 ** 20)} are needed`,
      [{ do: `free some space on ${host}` }],
    );
  }
  return [];
}

function unreadable({ source, command }: MoveFacts): Problem {
  return {
    rule: "owned-state",
    severity: "blocker",
    code: "unsafeStorage",
    host: source.host,
    message: `${source.host} does not tell the definition that \`${command}\` moves, so what it owns beside its disks is not known`,
    remedies: [{ do: "see what it says", commands: [{ host: source.host, command: "virsh dumpxml NAME" }] }],
  };
}

/** The emulator of the TPM has to be there, and to read what the source's has written. */
export function swtpmFits({ domain, source, destination, sourceOwned, destinationOwned }: MoveFacts): Problem[] {
  if (!domain?.tpmEmulator || sourceOwned?.swtpm === undefined || destinationOwned === undefined) return [];
  const [here, there] = [sourceOwned.swtpm, destinationOwned.swtpm];
  if (there !== undefined && !versionBelow(there, here)) return [];
  return [
    {
      rule: "tpm-emulator",
      severity: "blocker",
      code: "migrationRefused",
      host: destination.host,
      message:
        there === undefined
          ? `${domain.name} has an emulated TPM, and ${destination.host} has no emulator for one`
          : `${domain.name} has an emulated TPM of swtpm ${here} (${source.host}), and ${destination.host} has the older ${there}, which need not be able to read its state`,
      remedies: installSwtpm(destination.host, there === undefined ? "swtpm" : `swtpm ${here} or later`),
    },
  ];
}

/** The destination's libvirt makes the file for UEFI variables from its template before QEMU fills it. */
function templatesAreThere({ domain, destination, destinationImages, destinationOwned }: MoveFacts): Problem[] {
  return domain!.owned
    .filter(
      ({ path, template }) =>
        template !== undefined &&
        destinationImages[template]?.exists === false &&
        destinationOwned?.byPath[path ?? ""]?.digest === "nothing",
    )
    .map(({ what, template }) => ({
      rule: "boot-files",
      severity: "blocker",
      code: "migrationRefused",
      host: destination.host,
      message: `${destination.host} does not have ${template!}, from which libvirt makes the file for the ${what} of ${domain!.name}`,
      remedies: [{ do: `install the same firmware package on ${destination.host}` }],
    }));
}
