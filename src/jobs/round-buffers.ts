const PIECE_BYTES = 262_144;

/**
 * Buffers that go round between whoever reads a file and whoever writes it; as many are made as are under way at once.
 * The streams of `node:fs` take a new buffer for each piece, and V8 lets 64 MB of them gather before it collects any.
 */
export class RoundBuffers {
  readonly #idle: Buffer[] = [];
  /** By what was lent of each. */
  readonly #lent = new Map<Uint8Array, Buffer>();

  /** 256 KiB of whatever was in there last. */
  take(): Buffer {
    return this.#idle.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
  }

  /** The first bytes of a buffer that was taken: they come back as this one piece, or not at all. */
  lend(buffer: Buffer, length: number): Buffer {
    const piece = buffer.subarray(0, length);
    this.#lent.set(piece, buffer);
    return piece;
  }

  /** Nobody needs these bytes any more. Anything but a piece that was lent is ignored. */
  giveBack(piece: Uint8Array): void {
    const buffer = this.#lent.get(piece);
    if (buffer === undefined) return;
    this.#lent.delete(piece);
    this.#idle.push(buffer);
  }
}
