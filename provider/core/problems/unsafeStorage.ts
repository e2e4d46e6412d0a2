/** libvirt's own checks of what a migration would do to the disks. */
import type { Remedy } from "../problem";
import { copyFirst } from "./offlineDisk";
import type { StderrCause } from "./stderr";

export const putOnSharedStorage: Remedy[] = [
  { do: "put it on storage that both hosts see" },
  { do: 'set migration.copyStorage: "all" with an image of the same size and format on the destination' },
];

export const answerForTheData: Remedy = { do: "if you accept the risk to the data, set migration.unsafe: true" };

export const storageNotShared: StderrCause = {
  stderr: /Unsafe migration: Migration without shared storage is unsafe/,
  code: "unsafeStorage",
  remedies: () => putOnSharedStorage,
};

export const disksCached: StderrCause = {
  stderr: /Unsafe migration: Migration may lead to data corruption if disks use cache/,
  code: "unsafeStorage",
  remedies: () => [{ do: "set cache='none' on the disks of the domain" }, answerForTheData],
};

export const storageUnsafe: StderrCause = {
  stderr: /Unsafe migration/,
  code: "unsafeStorage",
  remedies: () => [{ do: "fix the storage as libvirt's message says" }, answerForTheData],
};

export const offlineNotShared: StderrCause = {
  stderr: /offline migration cannot handle non-shared storage/,
  code: "unsafeStorage",
  remedies: ({ destination }) => copyFirst(destination),
};
