/** One open WAV of the writer: positional writes, a header that is true at every instant, and the final cut. */
import * as fs from "node:fs";
import { BYTES_PER_SAMPLE, type Channels, SAMPLE_RATE } from "../audio/pcm.ts";
import { blockAlignOf, DATA_START, wavHeader, wavTail } from "../audio/wav-header.ts";
import { readWavHead } from "../audio/wav-reader.ts";
import type { WavTags } from "../audio/wav-tags.ts";
import { RecorderError } from "../errors.ts";
import type { Frame } from "../queue/frame-queue.ts";
import { Coverage } from "./coverage.ts";
import { writeFully } from "./durable-file.ts";
import type { Unwritten } from "./unwritten.ts";

/** 15 pages: the cheapest block size measured (1.6 µs CPU per frame; 4 KiB costs 4.0, 1 MiB 6.8). */
const BLOCK_BYTES = 61_440;
/** Age at which a block is written although it is not full: what a kill of the process may cost. */
const BLOCK_AGE_MS = 100;
/** How far the file runs ahead of its samples, at most: trailing silence after a crash. */
const STEP_SECONDS = 5;
/** What a power cut may cost, about. */
const SYNC_INTERVAL_MS = 5_000;

/** What is known of a finished track. */
export type FinishedTrack = {
  readonly writtenSamples: number;
  readonly sizeBytes: number;
  readonly peak: number;
};

/** What an earlier writer of the same file had of it. */
export type TrackSoFar = Pick<FinishedTrack, "writtenSamples" | "peak">;

const NOTHING: TrackSoFar = { writtenSamples: 0, peak: 0 };

/**
 * Lives on the writer thread; nothing else touches the file. Every method may throw what the disk says; the file is a
 * valid WAV before and after each.
 *
 * Frames gather in a block as long as each follows the one before; a gap, an overlap or a late frame starts a new
 * block at its own place. Nothing is written for silence: the file has a hole there.
 */
export class TrackFile {
  readonly #channels: Channels;
  readonly #blockAlign: number;
  readonly #stepBytes: number;
  readonly #fd: number;
  readonly #coverage = new Coverage();
  readonly #block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  readonly #blockSamples = new Int16Array(this.#block.buffer);
  /** Where the block belongs, in bytes from the first sample. */
  #blockStart = 0;
  #blockBytes = 0;
  #blockSinceMs = 0;
  /** Packets whose last sample is in the block. */
  #blockPackets = 0;
  /** Bytes of samples that the header claims and the file has. */
  #claimedBytes = 0;
  #tags: WavTags;
  #dirty = true;
  #syncedAtMs: number;
  readonly #earlierSamples: number;
  #peak: number;
  #closed = false;
  /** What was taken and is not in the file. */
  readonly unwritten: Unwritten;
  /** What the disk refused while the track was finished all the same. */
  readonly refusals: unknown[] = [];

  private constructor(
    fd: number,
    channels: Channels,
    tags: WavTags,
    nowMs: number,
    earlier: TrackSoFar,
    unwritten: Unwritten,
  ) {
    this.#fd = fd;
    this.unwritten = unwritten;
    this.#channels = channels;
    this.#blockAlign = blockAlignOf(channels);
    this.#stepBytes = STEP_SECONDS * SAMPLE_RATE * this.#blockAlign;
    this.#tags = tags;
    this.#syncedAtMs = nowMs;
    this.#earlierSamples = earlier.writtenSamples;
    this.#peak = earlier.peak;
  }

  /** Creates the file, which must not exist, with a header for no samples. */
  static create(
    file: string,
    channels: Channels,
    tags: WavTags,
    nowMs: number,
    unwritten: Unwritten,
  ): TrackFile {
    return TrackFile.#opened(fs.openSync(file, "wx+"), (fd) => {
      const track = new TrackFile(fd, channels, tags, nowMs, NOTHING, unwritten);
      track.#writeHeader(0);
      return track;
    });
  }

  /**
   * Goes on with a file that an earlier writer left, whatever it was doing: what its header claims stays, what lies
   * beyond that was never promised and is cut off. A header that never reached the disk is made anew. `earlier` may be
   * seconds old: it is for people to read, and nothing hangs on it.
   */
  static reopen(
    file: string,
    channels: Channels,
    tags: WavTags,
    nowMs: number,
    earlier: TrackSoFar,
    unwritten: Unwritten,
  ): TrackFile {
    return TrackFile.#opened(fs.openSync(file, "r+"), (fd) => {
      const track = new TrackFile(fd, channels, tags, nowMs, earlier, unwritten);
      const presentBytes = Math.max(0, fs.fstatSync(fd).size - DATA_START);
      const bytes = Math.min(presentBytes, claimedBytes(fd) ?? presentBytes);
      track.#claimedBytes = bytes - (bytes % track.#blockAlign);
      fs.ftruncateSync(fd, DATA_START + track.#claimedBytes);
      track.#writeHeader(0);
      return track;
    });
  }

  static #opened(fd: number, prepare: (fd: number) => TrackFile): TrackFile {
    try {
      return prepare(fd);
    } catch (error) {
      fs.closeSync(fd);
      throw error;
    }
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
    const start = frame.position * this.#blockAlign;
    let from = 0;
    try {
      if (this.#blockBytes > 0 && start !== this.#blockStart + this.#blockBytes) this.flush();
      while (from < frame.byteLength) {
        if (this.#blockBytes === 0) {
          this.#blockStart = start + from;
          this.#blockSinceMs = nowMs;
        }
        const to = Math.min(frame.byteLength, from + BLOCK_BYTES - this.#blockBytes);
        frame.copyTo(this.#block, this.#blockBytes, from, to);
        this.#blockBytes += to - from;
        from = to;
        if (from === frame.byteLength) this.#blockPackets += frame.packets;
        if (this.#blockBytes === BLOCK_BYTES) this.flush();
      }
    } catch (error) {
      // What went into a block is counted with that.
      const untaken = (frame.byteLength - from) / this.#blockAlign;
      const end = frame.position + frame.samples;
      if (untaken > 0) this.unwritten.add(frame.packets, end - untaken, end);
      throw error;
    }
  }

  /** Writes the block if it has waited long enough. */
  flushIfOld(nowMs: number): void {
    if (this.#blockBytes > 0 && nowMs - this.#blockSinceMs >= BLOCK_AGE_MS) this.flush();
  }

  /** Writes what the block holds. The block is given up even if the disk refuses it. */
  flush(): void {
    const byteLength = this.#blockBytes;
    const packets = this.#blockPackets;
    if (byteLength === 0) return;
    this.#blockBytes = 0;
    this.#blockPackets = 0;
    const end = this.#blockStart + byteLength;
    try {
      if (end > this.#claimedBytes) this.#claim(Math.ceil((end + 1) / this.#stepBytes) * this.#stepBytes);
      writeFully(this.#fd, this.#block, byteLength, DATA_START + this.#blockStart);
    } catch (error) {
      this.unwritten.add(packets, this.#blockStart / this.#blockAlign, end / this.#blockAlign);
      throw error;
    }
    this.#dirty = true;
    this.#coverage.add(this.#blockStart / this.#blockAlign, end / this.#blockAlign);
    this.#measurePeak(byteLength);
  }

  /** When what was written should be forced to the disk; Infinity when all of it is there. */
  get syncDueAtMs(): number {
    return this.#dirty ? this.#syncedAtMs + SYNC_INTERVAL_MS : Infinity;
  }

  /**
   * Forces what was written to the disk. Blocks for as long as the disk does: 1 ms as a rule, 160 ms measured on a busy
   * one. Throws E-DISK when the file was deleted under us.
   */
  sync(nowMs: number): void {
    this.#syncedAtMs = nowMs;
    fs.fdatasyncSync(this.#fd);
    this.#dirty = false;
    if (fs.fstatSync(this.#fd).nlink === 0) {
      throw new RecorderError(
        "E-DISK",
        "A track's file was deleted while it was written.",
        "Do not delete a recording's folder while it runs.",
      );
    }
  }

  /** Replaces the tags, at once in the header. */
  retag(tags: WavTags): void {
    this.#tags = tags;
    this.#writeHeader(0);
  }

  /**
   * Ends the track at exactly `lengthSamples`, padded with a hole or cut, with its final header on the disk; closes it.
   * A disk that takes no more samples still lets this succeed: it needs no new space but for the tail.
   */
  finish(lengthSamples: number, tags: WavTags, nowMs: number): FinishedTrack {
    this.#tags = tags;
    try {
      this.#ignoringRefusal(() => this.flush());
      this.#coverage.cut(lengthSamples);
      this.#claim(lengthSamples * this.#blockAlign);
      this.#ignoringRefusal(() => this.#writeTail());
      this.sync(nowMs);
      const { writtenSamples, peak } = this.soFar;
      return {
        writtenSamples: Math.min(writtenSamples, lengthSamples),
        sizeBytes: fs.fstatSync(this.#fd).size,
        peak,
      };
    } finally {
      this.close();
    }
  }

  /** Closes the file as it is: valid, with up to 5 s of silence at its end. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    fs.closeSync(this.#fd);
  }

  /** Makes file and header agree on `dataBytes`, in the order that never lets the header claim more than there is. */
  #claim(dataBytes: number): void {
    const grows = dataBytes > this.#claimedBytes;
    if (grows) fs.ftruncateSync(this.#fd, DATA_START + dataBytes);
    this.#claimedBytes = dataBytes;
    this.#writeHeader(0);
    if (!grows) fs.ftruncateSync(this.#fd, DATA_START + dataBytes);
    this.#dirty = true;
  }

  #writeHeader(tailBytes: number): void {
    const sizes = { channels: this.#channels, dataBytes: this.#claimedBytes, tailBytes };
    writeFully(this.#fd, wavHeader(sizes, this.#tags), DATA_START, 0);
    this.#dirty = true;
  }

  #writeTail(): void {
    const tail = wavTail(this.#tags, this.#channels);
    const end = DATA_START + this.#claimedBytes;
    try {
      writeFully(this.#fd, tail, tail.length, end);
    } catch (error) {
      fs.ftruncateSync(this.#fd, end);
      throw error;
    }
    this.#writeHeader(tail.length);
  }

  #ignoringRefusal(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.refusals.push(error);
    }
  }

  #measurePeak(byteLength: number): void {
    const samples = this.#blockSamples;
    const count = byteLength / BYTES_PER_SAMPLE;
    let peak = this.#peak;
    // An indexed loop without a branch on the sign: several times as fast as two comparisons per sample.
    for (let index = 0; index < count; index++) {
      const sample = samples[index]!;
      const sign = sample >> 31;
      const magnitude = (sample ^ sign) - sign;
      if (magnitude > peak) peak = magnitude;
    }
    this.#peak = peak;
  }
}

/** Bytes of samples that the file's header claims; undefined where there is none that makes sense. */
function claimedBytes(fd: number): number | undefined {
  const head = Buffer.alloc(DATA_START);
  if (fs.readSync(fd, head, 0, DATA_START, 0) < DATA_START) return undefined;
  try {
    return readWavHead(head).dataBytes;
  } catch {
    // Torn by a power cut: the file's size tells.
    return undefined;
  }
}
