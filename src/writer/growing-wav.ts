/** A WAV that grows: positional writes of samples, and a header that is true at every instant. */
import * as fs from "node:fs";
import { type Channels, SAMPLE_RATE } from "../audio/pcm.ts";
import { blockAlignOf, DATA_START, mayHaveTail, wavHeader, wavTail } from "../audio/wav-header.ts";
import { readWavHead } from "../audio/wav-reader.ts";
import type { WavTags } from "../audio/wav-tags.ts";
import { RecorderError } from "../errors.ts";
import { writeFully } from "./durable-file.ts";
import { ForcedDescriptor } from "./forced-descriptor.ts";

/** How far the file runs ahead of its samples, at most: trailing silence after a crash. */
const STEP_SECONDS = 5;
/** What a power cut may cost, about. */
const SYNC_INTERVAL_MS = 5_000;

/**
 * Lives on the writer thread; nothing else touches the file. Every method may throw what the disk says; the file is a
 * valid WAV before and after each. What is never written is silence: the file has a hole there.
 */
export class GrowingWav {
  readonly #file: ForcedDescriptor;
  readonly #channels: Channels;
  readonly #stepBytes: number;
  #tags: WavTags;
  /** Bytes of samples that the header claims and the file has. */
  #claimedBytes = 0;
  #dirty = true;
  #syncedAtMs: number;

  private constructor(fd: number, channels: Channels, tags: WavTags, nowMs: number) {
    this.#file = new ForcedDescriptor(fd);
    this.#channels = channels;
    this.#stepBytes = STEP_SECONDS * SAMPLE_RATE * blockAlignOf(channels);
    this.#tags = tags;
    this.#syncedAtMs = nowMs;
  }

  /** Creates the file, which must not exist, with a header for no samples. */
  static create(file: string, channels: Channels, tags: WavTags, nowMs: number): GrowingWav {
    return GrowingWav.#opened(fs.openSync(file, "wx+"), (fd) => {
      const wav = new GrowingWav(fd, channels, tags, nowMs);
      wav.#writeHeader(0);
      return wav;
    });
  }

  /**
   * Goes on with a file that an earlier writer left, whatever it was doing: what its header claims stays, what lies
   * beyond that was never promised and is cut off. A header that never reached the disk is made anew.
   */
  static reopen(file: string, channels: Channels, tags: WavTags, nowMs: number): GrowingWav {
    return GrowingWav.#opened(fs.openSync(file, "r+"), (fd) => {
      const wav = new GrowingWav(fd, channels, tags, nowMs);
      const presentBytes = Math.max(0, fs.fstatSync(fd).size - DATA_START);
      const bytes = Math.min(presentBytes, claimedBytes(fd) ?? presentBytes);
      wav.#claimedBytes = bytes - (bytes % blockAlignOf(channels));
      fs.ftruncateSync(fd, DATA_START + wav.#claimedBytes);
      wav.#writeHeader(0);
      return wav;
    });
  }

  static #opened(fd: number, prepare: (fd: number) => GrowingWav): GrowingWav {
    try {
      return prepare(fd);
    } catch (error) {
      fs.closeSync(fd);
      throw error;
    }
  }

  /** Writes samples at `at`, in bytes from the first sample; the file grows first where it must. */
  write(samples: Uint8Array, byteLength: number, at: number): void {
    const end = at + byteLength;
    if (end > this.#claimedBytes) this.#claim(Math.ceil((end + 1) / this.#stepBytes) * this.#stepBytes);
    writeFully(this.#file.fd, samples, byteLength, DATA_START + at);
    this.#dirty = true;
  }

  /** Replaces the tags, at once in the header. */
  retag(tags: WavTags): void {
    this.#tags = tags;
    this.#writeHeader(0);
  }

  /** When what was written should be forced to the disk; Infinity when all of it is there, or on its way. */
  get syncDueAtMs(): number {
    return this.#dirty ? this.#syncedAtMs + SYNC_INTERVAL_MS : Infinity;
  }

  /**
   * Forces what was written so far to the disk; more may be written meanwhile. Takes 1 ms as a rule, 473 ms measured on
   * a busy disk. Rejects with E-DISK when the file was deleted under us.
   */
  async sync(nowMs: number): Promise<void> {
    this.#syncedAtMs = nowMs;
    this.#dirty = false;
    const links = fs.fstatSync(this.#file.fd).nlink;
    await this.#file.force("fdatasync");
    if (links === 0) {
      throw new RecorderError(
        "E-DISK",
        "A track's file was deleted while it was written.",
        "Do not delete a recording's folder while it runs.",
      );
    }
  }

  /** Ends the samples at exactly `dataBytes`, grown by a hole or cut. */
  end(dataBytes: number, tags: WavTags): void {
    this.#tags = tags;
    this.#claim(dataBytes);
  }

  /** Writes what follows the samples, if there are any; where the disk has no room for that, the file stays as it was. */
  writeTail(): void {
    if (!mayHaveTail(this.#claimedBytes)) return;
    const tail = wavTail(this.#tags, this.#channels);
    const end = DATA_START + this.#claimedBytes;
    try {
      writeFully(this.#file.fd, tail, tail.length, end);
    } catch (error) {
      fs.ftruncateSync(this.#file.fd, end);
      throw error;
    }
    this.#writeHeader(tail.length);
  }

  get sizeBytes(): number {
    return fs.fstatSync(this.#file.fd).size;
  }

  /** Closes the file as it is: valid, with up to 5 s of silence at its end. Idempotent. */
  close(): void {
    this.#file.close();
  }

  /** Makes file and header agree on `dataBytes`, in the order that never lets the header claim more than there is. */
  #claim(dataBytes: number): void {
    const grows = dataBytes > this.#claimedBytes;
    if (grows) fs.ftruncateSync(this.#file.fd, DATA_START + dataBytes);
    this.#claimedBytes = dataBytes;
    this.#writeHeader(0);
    if (!grows) fs.ftruncateSync(this.#file.fd, DATA_START + dataBytes);
    this.#dirty = true;
  }

  #writeHeader(tailBytes: number): void {
    const sizes = { channels: this.#channels, dataBytes: this.#claimedBytes, tailBytes };
    writeFully(this.#file.fd, wavHeader(sizes, this.#tags), DATA_START, 0);
    this.#dirty = true;
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
