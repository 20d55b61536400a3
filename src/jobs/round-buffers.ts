const PIECE_BYTES = 262_144;

/**
 * Buffers that go round between whoever reads a file and whoever writes it; as many are made as are under way at once.
 * The streams of `node:fs` take a new buffer for each piece, and V8 lets 64 MB of them gather before it collects any.
 */
export class RoundBuffers {
  readonly #idle: Buffer[] = [];
  readonly #lent = new Set<Uint8Array>();

  /** 256 KiB of whatever was in there last. */
  take(): Buffer {
    const buffer = this.#idle.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
    this.#lent.add(buffer);
    return buffer;
  }

  /** Nobody needs these bytes any more. Part of a buffer is not taken back: the rest of it may be under way still. */
  giveBack(piece: Buffer): void {
    if (this.#lent.delete(piece)) this.#idle.push(piece);
  }
}
