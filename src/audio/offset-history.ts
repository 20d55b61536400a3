/** The smallest offsets seen lately, in half-second buckets. Pure; fixed size. */

const BUCKET_SAMPLES = 24_000;
const BUCKETS = 20;

/**
 * Offset = arrival − timestamp. Delay in the network or on the event loop only makes it larger, so the smallest one of
 * the last ten seconds is the nearest to the truth.
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

  /** The smallest offset of about the last `span` samples (at most ten seconds) before `time`; Infinity for none. */
  minimum(time: number, span: number): number {
    const newest = Math.floor(time / BUCKET_SAMPLES);
    const oldest = Math.max(newest - BUCKETS + 1, Math.floor((time - span) / BUCKET_SAMPLES));
    let minimum = Infinity;
    for (let slot = 0; slot < BUCKETS; slot++) {
      const bucket = this.#bucket[slot] ?? -1;
      if (bucket >= oldest && bucket >= 0) minimum = Math.min(minimum, this.#minimum[slot] ?? Infinity);
    }
    return minimum;
  }

  /** Forgets everything: the sender's clock has jumped. */
  clear(): void {
    this.#bucket.fill(-1);
  }
}
