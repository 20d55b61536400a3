/** Work on a cold processor costs twice as much: what 50 people send between two ticks is opened at once. */
const CAPACITY = 64;
const NOTHING = Buffer.alloc(0);

/**
 * Lives on the capture thread. Datagrams as they came, each with when, until they are opened together. Nothing is placed
 * before the next tick, so that waiting for it delays nothing.
 */
export class DatagramBatch {
  readonly #datagrams: Buffer[] = Array.from({ length: CAPACITY }, () => NOTHING);
  readonly #arrivedAtMs = new Float64Array(CAPACITY);
  #length = 0;
  /** The first one that is not handed over yet. */
  #next = 0;

  get isFull(): boolean {
    return this.#length === CAPACITY;
  }

  /** Keeps a datagram; not to be called when full. Allocates nothing. */
  add(datagram: Buffer, nowMs: number): void {
    this.#datagrams[this.#length] = datagram;
    this.#arrivedAtMs[this.#length] = nowMs;
    this.#length++;
  }

  /** Hands over all there are, in order, and forgets them; each once, even if `open` throws: then the next call goes on. */
  empty(open: (datagram: Buffer, arrivedAtMs: number) => void): void {
    while (this.#next < this.#length) {
      const at = this.#next++;
      const datagram = this.#datagrams[at] ?? NOTHING;
      this.#datagrams[at] = NOTHING;
      open(datagram, this.#arrivedAtMs[at] ?? 0);
    }
    this.#next = 0;
    this.#length = 0;
  }
}
