/**
 * Media that cannot be opened yet: its sender or its key is not known. Bounded in time and in bytes.
 * Lives on the capture thread.
 */

/** Long enough for a voice websocket that dies unnoticed and is resumed: 70 s were seen. */
const HOLD_MS = 120_000;
/** About three minutes of 25 people. */
const HOLD_BYTES = 48 * 1_048_576;
/** What an entry costs besides its payload, roughly. */
const ENTRY_BYTES = 200;
/** Failures in a row after which a retry looks at the newest entries only: failing costs 4 µs each. */
const PATIENCE = 64;

/** An entry's fate when it is tried again. */
export type Attempt = "opened" | "locked";

type Held<T> = { readonly item: T; readonly sizeBytes: number; readonly sinceMs: number };

export class HoldQueue<K, T> {
  readonly #queues = new Map<K, Held<T>[]>();
  readonly #expire: (key: K, item: T) => void;
  readonly #orderOf: (item: T) => number;
  readonly #limits: { readonly ms: number; readonly bytes: number };
  #sizeBytes = 0;
  #length = 0;

  /**
   * @param expire called for every entry that is given up: too old, or the oldest when there is no room.
   * @param orderOf what the entries of one key are ordered by: rising, whatever order they came in.
   */
  constructor(
    expire: (key: K, item: T) => void,
    orderOf: (item: T) => number,
    limits: { readonly ms: number; readonly bytes: number } = { ms: HOLD_MS, bytes: HOLD_BYTES },
  ) {
    this.#expire = expire;
    this.#orderOf = orderOf;
    this.#limits = limits;
  }

  /** Entries that wait. */
  get length(): number {
    return this.#length;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Keeps an item under its key; the oldest of all make room when the bound is reached. */
  add(key: K, item: T, payloadBytes: number, nowMs: number): void {
    const sizeBytes = payloadBytes + ENTRY_BYTES;
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = [];
      this.#queues.set(key, queue);
    }
    const order = this.#orderOf(item);
    let at = queue.length;
    while (at > 0 && this.#orderOf((queue[at - 1] as Held<T>).item) > order) at--;
    queue.splice(at, 0, { item, sizeBytes, sinceMs: nowMs });
    this.#sizeBytes += sizeBytes;
    this.#length++;
    while (this.#sizeBytes > this.#limits.bytes && this.#length > 0) this.#expireOldest();
  }

  /** Offers the entries of one key again, in order; those that open leave. */
  retry(key: K, attempt: (item: T) => Attempt): void {
    const queue = this.#queues.get(key);
    if (queue === undefined) return;
    const locked: Held<T>[] = [];
    let failures = 0;
    for (let at = 0; at < queue.length; at++) {
      const held = queue[at];
      if (held === undefined) continue;
      const skipped = failures >= PATIENCE && at < queue.length - PATIENCE;
      if (!skipped && attempt(held.item) === "opened") {
        failures = 0;
        this.#forget(held);
      } else {
        failures++;
        locked.push(held);
      }
    }
    if (locked.length === 0) this.#queues.delete(key);
    else this.#queues.set(key, locked);
  }

  /** Gives up what has waited too long. */
  prune(nowMs: number): void {
    for (const [key, queue] of this.#queues) {
      let stale = 0;
      while (stale < queue.length && nowMs - (queue[stale]?.sinceMs ?? 0) >= this.#limits.ms) stale++;
      this.#expireFirst(key, queue, stale);
    }
  }

  /** Gives up everything of one key. */
  abandon(key: K): void {
    const queue = this.#queues.get(key);
    if (queue !== undefined) this.#expireFirst(key, queue, queue.length);
  }

  /** Gives up everything. */
  clear(): void {
    for (const key of this.#queues.keys()) this.abandon(key);
  }

  #expireOldest(): void {
    let oldest: readonly [K, Held<T>[]] | undefined;
    for (const entry of this.#queues) {
      if (oldest === undefined || (entry[1][0]?.sinceMs ?? 0) < (oldest[1][0]?.sinceMs ?? 0)) oldest = entry;
    }
    // A sixteenth at a time: making room must not cost a walk over all senders per packet.
    if (oldest !== undefined) this.#expireFirst(oldest[0], oldest[1], Math.ceil(oldest[1].length / 16));
  }

  #expireFirst(key: K, queue: Held<T>[], count: number): void {
    if (count === 0) return;
    const gone = queue.splice(0, count);
    if (queue.length === 0) this.#queues.delete(key);
    for (const held of gone) {
      this.#forget(held);
      this.#expire(key, held.item);
    }
  }

  #forget(held: Held<T>): void {
    this.#sizeBytes -= held.sizeBytes;
    this.#length--;
  }
}
