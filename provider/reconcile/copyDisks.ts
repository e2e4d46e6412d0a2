/**
 * Disk images of a VM that is shut off, copied from host to host before its definition moves: libvirt moves the definition only. The
 * source's images stay as they are. Interrupted at any point, what counts is on the source, and the next run begins with what has arrived.
 */
import { endsWithin } from "../observe/clock";
import type { CopiedImage } from "../core/args";
import type { ErrorCode } from "../core/errorCodes";
import { cleanLine } from "../core/clean";
import { PlacementError } from "../core/errors";
import type { ImageToCopy } from "../core/imageCopy";
import { listed } from "../core/near";
import { wholeNumber } from "../core/numbers";
import type { Clock, Progress } from "../core/ports";
import type { Migration } from "../core/migration";
import type { Remedy } from "../core/problem";
import { commandLine } from "../core/shownCommand";
import { quote } from "../core/quote";
import { intervals } from "../core/times";
import { showBytes, showDuration } from "../core/units";
import type { Hosts } from "../observe/hosts";
import type { Virsh } from "../virsh/client";
import {
  changedScript,
  digestScript,
  leaveImageScript,
  placeImageScript,
  prepareScript,
  readBytesScript,
  removeImageScript,
  settleImageScript,
  stopReaderScript,
  transferScript,
} from "../virsh/imageCopy";
import { command } from "../virsh/virshCommand";
import { type PeerLogin, peerLogin } from "../virsh/peerLogin";
import type { ShellScript } from "../virsh/shellScript";
import type { TakenAlong } from "./takenAlong";

const momentMs = 60_000;

interface Copied {
  image: ImageToCopy;
  digest: string;
  /** Absent where the very content was there before. */
  inode?: string | undefined;
}

/** @throws PlacementError with both hosts as they were before. */
export async function copyDisks(
  hosts: Hosts,
  migration: Migration,
  images: readonly ImageToCopy[],
  ports: { clock: Clock; progress: Progress },
): Promise<TakenAlong & { copied: CopiedImage[] }> {
  const [source, destination] = await Promise.all([hosts.on(migration.source), hosts.on(migration.destination)]);
  const copy = new DiskCopy(source, destination, migration, ports);
  try {
    for (const image of images) await copy.add(image);
  } catch (error) {
    await copy.putBack().catch(() => {});
    throw error;
  }
  return copy;
}

class DiskCopy implements TakenAlong {
  private readonly copies: Copied[] = [];
  private readonly startedAt: number;
  private readonly peer: PeerLogin;

  constructor(
    private readonly source: Virsh,
    private readonly destination: Virsh,
    private readonly migration: Migration,
    private readonly ports: { clock: Clock; progress: Progress },
  ) {
    this.startedAt = ports.clock.now();
    // The rules refuse any other peer.
    this.peer = peerLogin(migration.peer)!;
  }

  get name(): string {
    return this.migration.domain.name;
  }

  get description(): string {
    const {
      domain: { name },
      source,
      destination,
    } = this.migration;
    const paths = this.copies.map(({ image: { path, destinationPath } }) =>
      path === destinationPath ? path : `${path} (${destinationPath} on ${destination})`,
    );
    return `the disks ${listed(paths, "and")} of ${name} are on ${source} and, as a copy, on ${destination}`;
  }

  get copied(): CopiedImage[] {
    return this.copies.map(({ image: { path, bytes }, digest }) => ({ path, bytes, sha256: digest }));
  }

  /** Copies one image, verifies it and puts it in its place. */
  async add(image: ImageToCopy): Promise<void> {
    const { path, disk, bytes } = image;
    const { progress } = this.ports;
    await this.run(this.source, stopReaderScript(path));
    progress.live(`reading ${disk} (${path}) for its checksum`);
    const before = await this.run(this.source, changedScript(path));
    const digest = (await this.run(this.source, digestScript(path, bytes), Infinity)).trim();
    const account = this.peer.user === "root" ? undefined : this.peer.user;
    const prepared = await this.run(this.destination, prepareScript(image, digest, account), Infinity);
    const copy: Copied = { image, digest };
    this.copies.push(copy);
    if (/^reused$/m.test(prepared)) return;
    await this.transfer(image);
    if ((await this.run(this.source, changedScript(path))) !== before) {
      throw this.failed(this.source, `${path} was written to while it was copied`, {
        do: `see to it that nothing uses ${path} on ${this.migration.source}`,
      });
    }
    progress.live(`verifying ${disk} on ${this.migration.destination}`);
    const placed = await this.run(this.destination, placeImageScript(image, digest), Infinity);
    copy.inode = /^placed (\d+)$/m.exec(placed)?.[1];
  }

  async settle(): Promise<void> {
    for (const { image } of this.copies) await this.run(this.destination, settleImageScript(image.destinationPath));
    await this.refreshPools();
    // A later move back finds it in the state, too.
    for (const { image, digest } of this.copies)
      await this.run(this.source, leaveImageScript(image.path, digest)).catch(() => {});
  }

  /** libvirt starts no VM with a volume that was not there when it read the pool. */
  private async refreshPools(): Promise<void> {
    const pools = new Set(this.copies.flatMap(({ image: { pool } }) => pool ?? []));
    for (const pool of pools) {
      if ((await this.destination.inquire(command`pool-refresh --pool=${pool}`)) !== undefined) continue;
      this.ports.progress.warn(
        `the storage pool ${cleanLine(pool)} on ${this.destination.host} could not be refreshed; ${this.name} starts once \`${commandLine`virsh pool-refresh ${pool}`}\` has run there`,
      );
    }
  }

  async putBack(): Promise<boolean> {
    for (const { image } of this.copies) await this.run(this.source, stopReaderScript(image.path));
    // With a definition there it may be what counts already.
    if ((await this.destination.view(this.migration.domain.uuid)) !== undefined) return false;
    for (const { image, digest, inode } of this.copies.toReversed())
      await this.run(this.destination, removeImageScript(image, digest, inode), Infinity);
    return true;
  }

  private async transfer(image: ImageToCopy): Promise<void> {
    const { clock } = this.ports;
    const {
      source,
      destination,
      options: { bandwidthMiBps, timeoutMs },
    } = this.migration;
    const run = this.source.run(transferScript(image, this.peer, bandwidthMiBps), Infinity);
    const startedAt = clock.now();
    while (!(await endsWithin(clock, intervals.row, run))) {
      if (timeoutMs !== undefined && clock.now() - this.startedAt >= timeoutMs) {
        await this.run(this.source, stopReaderScript(image.path));
        await run.catch(() => undefined);
        throw this.failed(
          this.source,
          `the disks were not copied within ${showDuration(timeoutMs)} (migration.timeout)`,
          { do: "set a longer migration.timeout, or none" },
          "migrationTimedOut",
        );
      }
      await this.showProgress(image, clock.now() - startedAt);
    }
    const { code, stderr } = await run;
    if (code === 0) return;
    const why = lastLine(stderr) || `the copy ended with code ${code}`;
    const { user, host, port, keyfile } = this.peer;
    const key = keyfile === undefined ? [] : ["-i", keyfile];
    const options = [
      ...key,
      ...(port === undefined ? [] : ["-p", port]),
      ...(user === undefined ? [] : ["-l", user]),
      host,
    ];
    throw this.failed(this.source, `${image.path} could not be copied: ${why}`, {
      do: `see whether root on ${source} reaches ${destination} by ssh`,
      commands: [{ host: source, command: ["ssh", ...options.map(quote), "true"].join(" ") }],
    });
  }

  private async showProgress({ disk, path, allocatedBytes }: ImageToCopy, elapsedMs: number): Promise<void> {
    const answer = await this.run(this.source, readBytesScript(path));
    const read = Math.min(wholeNumber(answer.trim()) ?? 0, allocatedBytes);
    const rate = elapsedMs > 0 ? (read * 1000) / elapsedMs : 0;
    this.ports.progress.live(
      `copying ${disk} to ${this.migration.destination}: ${showBytes(read)} of ${showBytes(allocatedBytes)}, ${showBytes(rate)}/s`,
    );
  }

  private async run(virsh: Virsh, script: ShellScript, deadlineMs = momentMs): Promise<string> {
    const { code, stdout, stderr } = await virsh.run(script, deadlineMs);
    if (code === 0) return stdout;
    throw this.failed(virsh, lastLine(stderr) || `a script ended with code ${code}`, {
      do: `fix that on ${virsh.shell.host}`,
    });
  }

  private failed(virsh: Virsh, message: string, remedy: Remedy, code: ErrorCode = "unsafeStorage"): PlacementError {
    const {
      domain: { name },
      source,
      destination,
    } = this.migration;
    return new PlacementError({
      code,
      phase: "migrate",
      action: `cannot copy the disks of ${name} from ${source} to ${destination}`,
      domain: name,
      host: virsh.shell.host,
      message: `${message}; its definition was not moved, and its disks on ${source} are as they were`,
      remedies: [remedy],
    });
  }
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
