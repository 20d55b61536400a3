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

/** An entry's fate when it is tried: it leaves; it stays until keys or sender change; it may be tried again at once. */
export type Attempt = "opened" | "locked" | "waits";

type Held<T> = {
  readonly item: T;
  readonly order: number;
  readonly sizeBytes: number;
  readonly sinceMs: number;
  /** Locked under the present keys: trying it again would tell nothing new. */
  locked: boolean;
};

type Line<T> = {
  /** In order. */
  entries: Held<T>[];
  /** How many of them are worth trying. */
  untried: number;
};

export class HoldQueue<K, T> {
  readonly #lines = new Map<K, Line<T>>();
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

  /** Whether a key has entries that are worth trying: what comes now must not be opened before them. */
  hasUntried(key: K): boolean {
    return (this.#lines.get(key)?.untried ?? 0) > 0;
  }

  /**
   * Keeps an item under its key; the oldest of all make room when the bound is reached.
   *
   * @param locked whether it has just been tried in vain
   */
  add(key: K, item: T, payloadBytes: number, nowMs: number, locked: boolean): void {
    const sizeBytes = payloadBytes + ENTRY_BYTES;
    let line = this.#lines.get(key);
    if (line === undefined) {
      line = { entries: [], untried: 0 };
      this.#lines.set(key, line);
    }
    const { entries } = line;
    const order = this.#orderOf(item);
    let at = entries.length;
    while (at > 0 && (entries[at - 1]?.order ?? 0) > order) at--;
    entries.splice(at, 0, { item, order, sizeBytes, sinceMs: nowMs, locked });
    if (!locked) line.untried++;
    this.#sizeBytes += sizeBytes;
    this.#length++;
    while (this.#sizeBytes > this.#limits.bytes && this.#length > 0) this.#expireOldest();
  }

  /** What was locked may open now: keys have changed, or a key's sender is known. All entries unless a key is given. */
  unlock(key?: K): void {
    for (const [each, line] of this.#lines) {
      if (key !== undefined && each !== key) continue;
      for (const held of line.entries) held.locked = false;
      line.untried = line.entries.length;
    }
  }

  /**
   * Tries the entries of one key that are worth it, oldest first; those that open leave. Gives what is left of the
   * budget of attempts: with none left the next call goes on where this one stopped.
   */
  retry(key: K, attempt: (item: T) => Attempt, budget: number): number {
    const line = this.#lines.get(key);
    if (line === undefined || line.untried === 0 || budget === 0) return budget;
    const kept: Held<T>[] = [];
    let left = budget;
    for (const held of line.entries) {
      if (!held.locked && left > 0) {
        left--;
        const outcome = attempt(held.item);
        if (outcome !== "waits") line.untried--;
        if (outcome === "opened") {
          this.#forget(held);
          continue;
        }
        held.locked = outcome === "locked";
      }
      kept.push(held);
    }
    line.entries = kept;
    if (kept.length === 0) this.#lines.delete(key);
    return left;
  }

  /** Gives up what has waited too long. */
  prune(nowMs: number): void {
    for (const [key, line] of this.#lines) {
      let stale = 0;
      while (stale < line.entries.length && nowMs - (line.entries[stale]?.sinceMs ?? 0) >= this.#limits.ms)
        stale++;
      this.#expireFirst(key, line, stale);
    }
  }

  /** Gives up everything of one key. */
  abandon(key: K): void {
    const line = this.#lines.get(key);
    if (line !== undefined) this.#expireFirst(key, line, line.entries.length);
  }

  #expireOldest(): void {
    let oldest: readonly [K, Line<T>] | undefined;
    let sinceMs = Infinity;
    for (const entry of this.#lines) {
      const first = entry[1].entries[0]?.sinceMs ?? Infinity;
      if (first >= sinceMs) continue;
      oldest = entry;
      sinceMs = first;
    }
    // A sixteenth at a time: making room must not cost a walk over all senders per packet.
    if (oldest !== undefined)
      this.#expireFirst(oldest[0], oldest[1], Math.ceil(oldest[1].entries.length / 16));
  }

  #expireFirst(key: K, line: Line<T>, count: number): void {
    if (count === 0) return;
    const gone = line.entries.splice(0, count);
    if (line.entries.length === 0) this.#lines.delete(key);
    for (const held of gone) {
      if (!held.locked) line.untried--;
      this.#forget(held);
      this.#expire(key, held.item);
    }
  }

  #forget(held: Held<T>): void {
    this.#sizeBytes -= held.sizeBytes;
    this.#length--;
  }
}
