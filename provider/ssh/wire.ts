/** The text was not what ssh's binary formats allow there. Never leaves this layer: each reader of a format answers with a value. */
class Malformed extends Error {}

/** Reads ssh's binary formats (RFC 4251, section 5) from bytes that nobody vouches for. */
export class WireReader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  bytesOf(length: number): Buffer {
    if (length > this.left) throw new Malformed();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  byte(): number {
    return this.bytesOf(1)[0]!;
  }

  uint32(): number {
    return this.bytesOf(4).readUInt32BE();
  }

  uint64(): bigint {
    return this.bytesOf(8).readBigUInt64BE();
  }

  string(): Buffer {
    return this.bytesOf(this.uint32());
  }

  text(): string {
    return this.string().toString("latin1");
  }

  /** A number that is not negative, without its leading zeros; OpenSSH takes 16384 bits at most. */
  natural(): Buffer {
    const bytes = this.string();
    if (bytes.length > 0 && bytes[0]! >= 0x80) throw new Malformed();
    const first = bytes.findIndex((byte) => byte !== 0);
    const digits = first < 0 ? Buffer.alloc(0) : bytes.subarray(first);
    if (digits.length > 2048) throw new Malformed();
    return digits;
  }

  /** The format has another part or another value here. */
  demand(holds: boolean): void {
    if (!holds) throw new Malformed();
  }

  end(): void {
    this.demand(this.left === 0);
  }
}

/** Undefined where the bytes are not in the format that `read` reads. */
export function readWire<T>(bytes: Buffer, read: (reader: WireReader) => T): T | undefined {
  try {
    return read(new WireReader(bytes));
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

export function wireString(bytes: Buffer | string): Buffer {
  const body = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/** A number as ssh writes it: a zero goes before a first bit that would be a sign. */
export function wireNatural(digits: Buffer): Buffer {
  return wireString(digits.length > 0 && digits[0]! >= 0x80 ? Buffer.concat([Buffer.alloc(1), digits]) : digits);
}
