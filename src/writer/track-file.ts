/** One person's track while it is written: from frames to a WAV, with what it covers and what the disk refused. */
import type { Channels } from "../audio/pcm.ts";
import { blockAlignOf } from "../audio/wav-header.ts";
import type { WavTags } from "../audio/wav-tags.ts";
import type { Frame } from "../queue/frame.ts";
import { Coverage } from "./coverage.ts";
import { GrowingWav } from "./growing-wav.ts";
import { SampleBlock } from "./sample-block.ts";
import type { Unwritten } from "./unwritten.ts";

/** What is known of a finished track. */
export type FinishedTrack = {
  readonly writtenSamples: number;
  readonly sizeBytes: number;
  readonly peak: number;
};

/** What an earlier writer of the same file had of it. */
export type TrackSoFar = Pick<FinishedTrack, "writtenSamples" | "peak">;

export const NOTHING_SO_FAR: TrackSoFar = { writtenSamples: 0, peak: 0 };

/**
 * Lives on the writer thread; nothing else touches the file. Every method may throw what the disk says; the file is a
 * valid WAV before and after each.
 *
 * Frames gather in a block as long as each follows the one before; a gap, an overlap or a late frame starts a new
 * block at its own place. Nothing is written for silence.
 */
export class TrackFile {
  readonly #wav: GrowingWav;
  readonly #blockAlign: number;
  readonly #block = new SampleBlock();
  readonly #coverage = new Coverage();
  readonly #earlierSamples: number;
  #peak: number;
  /** What was taken and is not in the file. */
  readonly unwritten: Unwritten;
  /** What the disk refused while the track was finished all the same. */
  readonly refusals: unknown[] = [];

  private constructor(wav: GrowingWav, channels: Channels, earlier: TrackSoFar, unwritten: Unwritten) {
    this.#wav = wav;
    this.#blockAlign = blockAlignOf(channels);
    this.#earlierSamples = earlier.writtenSamples;
    this.#peak = earlier.peak;
    this.unwritten = unwritten;
  }

  /** Creates the file, which must not exist, with a header for no samples. */
  static create(
    file: string,
    channels: Channels,
    tags: WavTags,
    nowMs: number,
    unwritten: Unwritten,
  ): TrackFile {
    return new TrackFile(GrowingWav.create(file, channels, tags, nowMs), channels, NOTHING_SO_FAR, unwritten);
  }

  /**
   * Goes on with a file that an earlier writer left; see `GrowingWav.reopen`. `earlier` may be seconds old: it is for
   * people to read, and nothing hangs on it.
   */
  static reopen(
    file: string,
    channels: Channels,
    tags: WavTags,
    nowMs: number,
    earlier: TrackSoFar,
    unwritten: Unwritten,
  ): TrackFile {
    return new TrackFile(GrowingWav.reopen(file, channels, tags, nowMs), channels, earlier, unwritten);
  }

  /** What came from frames so far; a block that waits is not in it. */
  get soFar(): TrackSoFar {
    return { writtenSamples: this.#earlierSamples + this.#coverage.coveredSamples, peak: this.#peak };
  }

  /**
   * Takes a frame's samples. Copies them once; writes when the block is full or the frame does not follow it. What the
   * disk refuses is counted before this throws.
   */
  write(frame: Frame, nowMs: number): void {
    const place = frame.position * this.#blockAlign;
    let taken = 0;
    try {
      if (!this.#block.precedes(place)) this.flush();
      while (taken < frame.byteLength) {
        taken = this.#block.take(frame, taken, place + taken, nowMs);
        if (this.#block.isFull) this.flush();
      }
    } catch (error) {
      // What went into a block is counted with that.
      const untaken = (frame.byteLength - taken) / this.#blockAlign;
      const end = frame.position + frame.samples;
      if (untaken > 0) this.unwritten.add(frame.packets, end - untaken, end);
      throw error;
    }
  }

  /** Writes the block if it has waited long enough. */
  flushIfOld(nowMs: number): void {
    if (this.#block.isOld(nowMs)) this.flush();
  }

  /** Writes what the block holds. The block is given up even if the disk refuses it. */
  flush(): void {
    const block = this.#block;
    if (block.byteLength === 0) return;
    const from = block.start / this.#blockAlign;
    const to = block.end / this.#blockAlign;
    try {
      this.#wav.write(block.bytes, block.byteLength, block.start);
      this.#coverage.add(from, to);
      this.#peak = block.peak(this.#peak);
    } catch (error) {
      this.unwritten.add(block.packets, from, to);
      throw error;
    } finally {
      block.clear();
    }
  }

  /** When what was written should be forced to the disk; Infinity when all of it is there. */
  get syncDueAtMs(): number {
    return this.#wav.syncDueAtMs;
  }

  /** Forces what was written to the disk; see `GrowingWav.sync`. */
  sync(nowMs: number): Promise<void> {
    return this.#wav.sync(nowMs);
  }

  /** Replaces the tags, at once in the header. */
  retag(tags: WavTags): void {
    this.#wav.retag(tags);
  }

  /**
   * Ends the track at exactly `lengthSamples`, padded with a hole or cut, with its final header; `sync` is to follow.
   * A disk that takes no more samples still lets this succeed: it needs no new space but for the tail.
   */
  finish(lengthSamples: number, tags: WavTags): FinishedTrack {
    this.#ignoringRefusal(() => this.flush());
    this.#coverage.cut(lengthSamples);
    this.#wav.end(lengthSamples * this.#blockAlign, tags);
    this.#ignoringRefusal(() => this.#wav.writeTail());
    const { sizeBytes } = this.#wav;
    const { writtenSamples, peak } = this.soFar;
    return { writtenSamples: Math.min(writtenSamples, lengthSamples), sizeBytes, peak };
  }

  /** Closes the file as it is; see `GrowingWav.close`. Idempotent. */
  close(): void {
    this.#wav.close();
  }

  #ignoringRefusal(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.refusals.push(error);
    }
  }
}
