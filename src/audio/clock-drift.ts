/**
 * How fast a sender's clock runs against ours, from the lower convex hull of its offsets. Pure; fixed size, 13 KB.
 * Offset = arrival − timestamp, in samples: it grows when the sender's clock is slow.
 *
 * Delay only ever raises an offset, so the truth lies on a straight line below all of them. Its slope is that of the
 * hull's edge over the middle of the window, which is the line nearest to all points (the skew estimate of Zhang, Liu and
 * Xia, INFOCOM 2002); its height is the lowest point's.
 */

/** One lowest offset per second of the sender's clock is kept. */
const BUCKET_SAMPLES = 48_000;
/** Eight and a half minutes: long enough for 1 ppm, short enough for a crystal that warms up. */
const BUCKETS = 512;
/** Less says nothing about a slope: 15 s. */
const SLOPE_AFTER_SAMPLES = 720_000;
/** Crystals stay within 100 ppm of each other; more is a network that fills up. */
const MAX_SLOPE = 150e-6;
/** Below the line by more than this lies another delay: what was higher before was no minimum. 3 ms. */
const STEP_SAMPLES = 144;

export class ClockDrift {
  readonly #times = new Float64Array(BUCKETS);
  readonly #offsets = new Float64Array(BUCKETS);
  readonly #hull = new Int32Array(BUCKETS);
  /** Buckets since the last restart; the newest is at `(#count − 1) % BUCKETS`. */
  #count = 0;
  #newest = -Infinity;
  #slope = 0;
  /** The line's offset at `#time`. */
  #height = Infinity;
  #time = 0;

  /** Takes the offset of a packet of speech. */
  add(timestamp: number, offset: number): void {
    const bucket = Math.floor(timestamp / BUCKET_SAMPLES);
    if (bucket < this.#newest) return;
    if (offset < this.#at(timestamp) - STEP_SAMPLES) this.restart();
    if (bucket > this.#newest) {
      this.#newest = bucket;
      this.#set(this.#count++, timestamp, offset);
      this.#fit();
    } else {
      const newest = this.#count - 1;
      if (offset < (this.#offsets[newest % BUCKETS] ?? 0)) this.#set(newest, timestamp, offset);
    }
    if (offset < this.#at(timestamp)) {
      this.#time = timestamp;
      this.#height = offset;
    }
  }

  /** The smallest offset to be expected at a timestamp; undefined as long as too little is known. */
  line(timestamp: number): number | undefined {
    return this.#spanSamples() < SLOPE_AFTER_SAMPLES ? undefined : this.#at(timestamp);
  }

  /** Forgets the offsets, keeps the slope: it belongs to the sender's crystal. */
  restart(): void {
    this.#count = 0;
    this.#newest = -Infinity;
    this.#height = Infinity;
  }

  #at(timestamp: number): number {
    return this.#height + (timestamp - this.#time) * this.#slope;
  }

  #set(index: number, timestamp: number, offset: number): void {
    this.#times[index % BUCKETS] = timestamp;
    this.#offsets[index % BUCKETS] = offset;
  }

  #spanSamples(): number {
    return this.#count < 2 ? 0 : this.#timeOf(this.#count - 1) - this.#timeOf(this.#oldest());
  }

  #oldest(): number {
    return Math.max(0, this.#count - BUCKETS);
  }

  #timeOf(index: number): number {
    return this.#times[index % BUCKETS] ?? 0;
  }

  #offsetOf(index: number): number {
    return this.#offsets[index % BUCKETS] ?? 0;
  }

  /** Once per second of speech: about 5 µs when the window is full. */
  #fit(): void {
    const last = this.#count - 1;
    if (this.#spanSamples() >= SLOPE_AFTER_SAMPLES) this.#slope = this.#edgeSlope();
    // The line touches the points from below.
    let height = Infinity;
    const now = this.#timeOf(last);
    for (let index = this.#oldest(); index <= last; index++)
      height = Math.min(height, this.#offsetOf(index) + (now - this.#timeOf(index)) * this.#slope);
    this.#height = height;
    this.#time = now;
  }

  /** The slope of the lower hull's edge over the middle of the window (Andrew's monotone chain). */
  #edgeSlope(): number {
    const hull = this.#hull;
    let size = 0;
    const oldest = this.#oldest();
    for (let index = oldest; index < this.#count; index++) {
      while (
        size >= 2 &&
        this.#slopeOf(hull[size - 2] ?? 0, hull[size - 1] ?? 0) >= this.#slopeOf(hull[size - 1] ?? 0, index)
      )
        size--;
      hull[size++] = index;
    }
    const middle = (this.#timeOf(oldest) + this.#timeOf(this.#count - 1)) / 2;
    let edge = 1;
    while (edge < size - 1 && this.#timeOf(hull[edge] ?? 0) < middle) edge++;
    const slope = this.#slopeOf(hull[edge - 1] ?? 0, hull[edge] ?? 0);
    return Math.max(-MAX_SLOPE, Math.min(MAX_SLOPE, slope));
  }

  #slopeOf(from: number, to: number): number {
    return (this.#offsetOf(to) - this.#offsetOf(from)) / (this.#timeOf(to) - this.#timeOf(from));
  }
}
