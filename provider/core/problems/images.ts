/** Images on the destination: to be opened there, or to be copied into. */
import type { Remedy } from "../problem";
import { commandLine } from "../shownCommand";
import { anyOf, onOneLine } from "../textMatch";
import { between, type StderrCause } from "./stderr";

interface Image {
  format: string;
  path: string;
  size: number | undefined;
}

export function createImage(host: string, { format, path, size }: Image): Remedy {
  return {
    do: "create the image",
    commands: [{ host, command: commandLine`qemu-img create -f ${format} ${path} ${size ?? "SIZE"}` }],
  };
}

export function replaceImage(host: string, image: Image): Remedy {
  return {
    ...createImage(host, image),
    do: "if nobody needs what is there, replace it",
    loses: `what is in ${image.path} on ${host}`,
  };
}

/** As libvirt says it of an image to copy into, which it neither finds nor can make. */
export const imageUnfit: StderrCause = {
  stderr:
    /Storage pool not found: no storage pool with matching target path|cannot precreate storage for disk type|pre-creation of storage targets for incremental|Source and target image have different sizes|Image is not in \w+ format/,
  code: "unsafeStorage",
  remedies: ({ destination: host }, stderr) => {
    const image = { format: "FORMAT", path: "PATH", size: undefined };
    const missing = /no storage pool with matching target path|cannot precreate|pre-creation of/.test(stderr);
    return missing
      ? imagesToCopyInto(host, ["PATH"])
      : [
          {
            ...replaceImage(host, image),
            do: "if nobody needs what is there, replace it by an image of the same virtual size and format",
          },
        ];
  },
};

/** One for each path, of the size and format that it has on the source. */
export function imagesToCopyInto(host: string, paths: readonly string[]): Remedy[] {
  return [
    {
      do: "create an image at the same path, with the same virtual size and format",
      commands: paths.flatMap((path) => createImage(host, { format: "FORMAT", path, size: undefined }).commands ?? []),
    },
  ];
}

/** A root that a server squashes, a label that SELinux refuses, or another owner: the image is there. */
export const imageForbidden: StderrCause = {
  stderr: anyOf(
    onOneLine(/Cannot access (storage|backing) file '|Could not open '/, /Permission denied/),
    // A file server that maps root to nobody, or has no labels.
    /unable to set security context '|unable to set user and group to '/,
  ),
  code: "unsafeStorage",
  remedies: (context, stderr) => {
    const { destination: host } = context;
    const path = imageIn(stderr);
    return [
      {
        do: `check who may use the image on ${host}, and let QEMU's account there read and write it`,
        commands: [
          { host, command: commandLine`ls -lZ ${path}` },
          { host, command: commandLine`namei -l ${path}` },
        ],
      },
      {
        do: "if the image is on NFS and SELinux is enabled",
        commands: [{ host, command: "setsebool -P virt_use_nfs 1" }],
      },
      {
        do: `if the image is on NFS with root_squash: export it to ${host} with no_root_squash, or with the owner that QEMU has there`,
      },
    ];
  },
};

export const imageLocked: StderrCause = {
  stderr:
    /Failed to get "(write|shared|consistent read|resize)"|Is another process using the image|Failed to acquire lock: |Lockspace resource '|which is already in use/,
  code: "unsafeStorage",
  remedies: ({ source, destination }, stderr) => {
    const path = between(stderr, "using the image [", "]") ?? "PATH";
    return [
      {
        do: "find what else uses the image, and stop it",
        commands: [source, destination].map((host) => ({ host, command: commandLine`fuser -v ${path}` })),
      },
    ];
  },
};

export const imageMissing: StderrCause = {
  stderr: anyOf(
    /Cannot access (storage|backing) file|Could not open '/,
    onOneLine(/(open|access) (file|path) '\/dev\/(?!kvm|vfio|net|tpm)/i, /No such file or directory/),
    onOneLine(/No such file or directory/, /\.qcow2|\.img|\.raw|images/),
  ),
  code: "unsafeStorage",
  remedies: ({ destination: host }, stderr) => {
    const path = imageIn(stderr);
    return [
      {
        do: `make the disk visible on ${host} under the same path`,
        commands: [{ host, command: commandLine`ls -l ${path}` }],
      },
      { do: 'set migration.copyStorage: "all"' },
    ];
  },
};

function imageIn(stderr: string): string {
  return (
    between(stderr, "Cannot access storage file '") ??
    between(stderr, "Cannot access backing file '") ??
    between(stderr, "Could not open '") ??
    between(stderr, "' on '") ??
    between(stderr, "open file '/dev/", "'")?.replace(/^/, "/dev/") ??
    "PATH"
  );
}

export const poolMissing: StderrCause = {
  stderr: anyOf(
    /no storage pool with matching name '|no storage vol with matching/,
    onOneLine(/storage pool '/, /' is not active/),
  ),
  code: "unsafeStorage",
  remedies: ({ destination: host }, stderr) => {
    const pool = between(stderr, "pool with matching name '") ?? between(stderr, "storage pool '");
    return [
      {
        do: "define the storage pool of that name there too, start it, and see that the volume is in it",
        commands: [
          commandLine`virsh pool-start ${pool ?? "POOL"}`,
          commandLine`virsh pool-autostart ${pool ?? "POOL"}`,
          commandLine`virsh vol-list ${pool ?? "POOL"}`,
        ].map((command) => ({ host, command })),
      },
    ];
  },
};
