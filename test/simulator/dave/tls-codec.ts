/**
 * Reads the presentation language of MLS: big-endian integers and vectors with a variable-length size
 * (RFC 9420 §2.1.2). Every read that leaves the buffer throws a RangeError; views share the buffer's memory.
 */
export class TlsReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  get atEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  u8(): number {
    return this.bytes(1).readUInt8();
  }

  u16(): number {
    return this.bytes(2).readUInt16BE();
  }

  u32(): number {
    return this.bytes(4).readUInt32BE();
  }

  u64(): bigint {
    return this.bytes(8).readBigUInt64BE();
  }

  bytes(length: number): Buffer {
    if (this.#offset + length > this.#bytes.length) {
      throw new RangeError(`MLS data ends at ${this.#bytes.length}, ${this.#offset + length} needed`);
    }
    const view = this.#bytes.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return view;
  }

  /** The content of an `opaque<V>` or of a vector of structs. */
  vector(): Buffer {
    const first = this.u8();
    const prefix = first >> 6;
    if (prefix === 3) throw new RangeError("MLS vector with an invalid length prefix");
    let length = first & 0x3f;
    for (let more = (1 << prefix) - 1; more > 0; more -= 1) length = length * 256 + this.u8();
    // RFC 9420 §2.1.2 demands the shortest header.
    if (prefix > 0 && length < (prefix === 1 ? 64 : 16_384))
      throw new RangeError("MLS vector length not minimal");
    return this.bytes(length);
  }

  /** What was read since `start`, an earlier offset. */
  since(start: number): Buffer {
    return this.#bytes.subarray(start, this.#offset);
  }
}

export function u8(value: number): Buffer {
  return Buffer.of(value);
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

/** The parts as one vector with its variable-length header (RFC 9420 §2.1.2). */
export function vector(...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 64) return Buffer.concat([u8(content.length), content]);
  if (content.length < 16_384) return Buffer.concat([u16(content.length | 0x4000), content]);
  if (content.length >= 2 ** 30)
    throw new RangeError(`MLS vector of ${content.length} bytes: at most 2^30 - 1`);
  return Buffer.concat([u32(content.length + 0x8000_0000), content]);
}
