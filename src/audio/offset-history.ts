/** The smallest offsets seen lately, in half-second buckets. Pure; fixed size. */

const BUCKET_SAMPLES = 24_000;
/** 32 s. */
const BUCKETS = 64;

/**
 * Offset = arrival − timestamp. Delay in the network or on the event loop only makes it larger, so the smallest one of
 * the last seconds is the nearest to the truth.
 */
export class OffsetHistory {
  readonly #bucket = new Float64Array(BUCKETS).fill(-1);
  readonly #minimum = new Float64Array(BUCKETS);

  /** Takes an offset seen at a time, both in samples. Times may come out of order. */
  add(time: number, offset: number): void {
    const bucket = Math.max(0, Math.floor(time / BUCKET_SAMPLES));
    const slot = bucket % BUCKETS;
    const held = this.#bucket[slot] ?? -1;
    if (held > bucket) return;
    if (held < bucket) {
      this.#bucket[slot] = bucket;
      this.#minimum[slot] = offset;
    } else if (offset < (this.#minimum[slot] ?? 0)) {
      this.#minimum[slot] = offset;
    }
  }

  /** The smallest offset seen from about `from` to about `to`, of the last half minute; Infinity for none. */
  minimum(from: number, to: number): number {
    const newest = Math.floor(to / BUCKET_SAMPLES);
    const oldest = Math.max(0, newest - BUCKETS + 1, Math.floor(from / BUCKET_SAMPLES));
    let minimum = Infinity;
    for (let bucket = oldest; bucket <= newest; bucket++) {
      const slot = bucket % BUCKETS;
      if (this.#bucket[slot] === bucket) minimum = Math.min(minimum, this.#minimum[slot] ?? Infinity);
    }
    return minimum;
  }

  /** Forgets everything: the sender's clock has jumped. */
  clear(): void {
    this.#bucket.fill(-1);
  }
}
