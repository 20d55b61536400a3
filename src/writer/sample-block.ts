/** Samples that follow each other, gathered until a write is worth its cost. */
import { BYTES_PER_SAMPLE } from "../audio/pcm.ts";
import type { Frame } from "../queue/frame.ts";

/** 15 pages: the cheapest block size measured (1.6 µs CPU per frame; 4 KiB costs 4.0, 1 MiB 6.8). */
const BLOCK_BYTES = 61_440;
/** Age at which a block is written although it is not full: what a kill of the process may cost. */
const BLOCK_AGE_MS = 100;

/** Lives on the writer thread, one per track. Places in bytes from the track's first sample. */
export class SampleBlock {
  readonly bytes = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  readonly #samples = new Int16Array(this.bytes.buffer);
  readonly #words = new Int32Array(this.bytes.buffer);
  /** Where the block belongs. */
  start = 0;
  byteLength = 0;
  /** Packets whose last sample is in the block. */
  packets = 0;
  #sinceMs = 0;

  get end(): number {
    return this.start + this.byteLength;
  }

  get isFull(): boolean {
    return this.byteLength === BLOCK_BYTES;
  }

  /** Whether it has waited long enough. */
  isOld(nowMs: number): boolean {
    return this.byteLength > 0 && nowMs - this.#sinceMs >= BLOCK_AGE_MS;
  }

  /** Whether samples that belong at `place` can be added. */
  precedes(place: number): boolean {
    return this.byteLength === 0 || place === this.end;
  }

  /**
   * Copies what fits of a frame's bytes from `from` on, which belong at `place` and follow what is there. Gives the
   * frame's first byte that did not fit.
   */
  take(frame: Frame, from: number, place: number, nowMs: number): number {
    if (this.byteLength === 0) {
      this.start = place;
      this.#sinceMs = nowMs;
    }
    const to = Math.min(frame.byteLength, from + BLOCK_BYTES - this.byteLength);
    frame.copyTo(this.bytes, this.byteLength, from, to);
    this.byteLength += to - from;
    if (to === frame.byteLength) this.packets += frame.packets;
    return to;
  }

  /** Forgets what it holds. */
  clear(): void {
    this.byteLength = 0;
    this.packets = 0;
  }

  /** The largest magnitude in it, or `peak` if that is larger. */
  peak(peak: number): number {
    const samples = this.#samples;
    const words = this.#words;
    const count = this.byteLength / BYTES_PER_SAMPLE;
    let highest = peak;
    for (let word = 0; word * 2 < count; word += 8) {
      // Of sixteen together all bits: no fewer than the loudest has. Mostly they tell that none is louder than before.
      const bits =
        bitsOf(words[word]!) |
        bitsOf(words[word + 1]!) |
        bitsOf(words[word + 2]!) |
        bitsOf(words[word + 3]!) |
        bitsOf(words[word + 4]!) |
        bitsOf(words[word + 5]!) |
        bitsOf(words[word + 6]!) |
        bitsOf(words[word + 7]!);
      if ((bits & 0xffff) < highest && bits >>> 16 < highest) continue;
      for (let index = 2 * word; index < Math.min(2 * word + 16, count); index++)
        highest = Math.max(highest, Math.abs(samples[index]!));
    }
    return highest;
  }
}

/** The bits of two samples' magnitudes, each in its half; of a negative sample those of one less. */
function bitsOf(twoSamples: number): number {
  const signs = (twoSamples >>> 15) & 0x1_0001;
  return twoSamples ^ ((signs << 16) - signs);
}
