/** Packets remembered at most: 2.5 s of speech. */
const KEPT = 128;
/** They fit where a packet has 256 bytes, 102 kbit/s; of larger ones fewer are remembered. */
const SIZE_BYTES = 32_768;

/**
 * Lives on the capture thread, one per segment. The last packets by sequence number, copied into memory of their own: kept
 * as they came, they would outlive the young generation and cost the garbage collector more than the copy.
 */
export class PacketMemory {
  readonly #bytes = Buffer.allocUnsafeSlow(SIZE_BYTES);
  readonly #sequences = new Float64Array(KEPT).fill(-1);
  /** Where each one begins, counted in bytes from the first one ever. */
  readonly #starts = new Float64Array(KEPT);
  readonly #lengths = new Int32Array(KEPT);
  #end = 0;

  /** Remembers a packet, in place of one long past. Allocates nothing. */
  add(sequence: number, packet: Buffer): void {
    const { length } = packet;
    if (length > SIZE_BYTES) return;
    const at = this.#end % SIZE_BYTES;
    // In one piece: what does not fit before the end begins the next lap.
    const start = at + length > SIZE_BYTES ? this.#end + SIZE_BYTES - at : this.#end;
    packet.copy(this.#bytes, start % SIZE_BYTES);
    const slot = sequence % KEPT;
    this.#sequences[slot] = sequence;
    this.#starts[slot] = start;
    this.#lengths[slot] = length;
    this.#end = start + length;
  }

  /** A copy of the packet; undefined when it is not remembered. */
  get(sequence: number): Buffer | undefined {
    const slot = sequence % KEPT;
    const start = this.#starts[slot] ?? 0;
    if (this.#sequences[slot] !== sequence || this.#end - start > SIZE_BYTES) return undefined;
    const at = start % SIZE_BYTES;
    return Buffer.from(this.#bytes.subarray(at, at + (this.#lengths[slot] ?? 0)));
  }
}
