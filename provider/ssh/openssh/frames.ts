/** Far above what either protocol on a master's socket sends in one piece (256 KiB). */
const mostBytes = 2 ** 20;

/** Cuts a stream into its parts, each behind its length in four bytes. */
export class Frames {
  private rest: Buffer = Buffer.alloc(0);

  constructor(private readonly onFrame: (frame: Buffer) => void) {}

  /** False: the other side does not speak this protocol. */
  add(chunk: Buffer): boolean {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    while (this.rest.length >= 4) {
      const length = this.rest.readUInt32BE();
      if (length > mostBytes) return false;
      if (this.rest.length < 4 + length) break;
      const frame = this.rest.subarray(4, 4 + length);
      this.rest = this.rest.subarray(4 + length);
      this.onFrame(frame);
    }
    return true;
  }
}

export function uint32s(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length);
  numbers.forEach((number, index) => bytes.writeUInt32BE(number >>> 0, 4 * index));
  return bytes;
}
