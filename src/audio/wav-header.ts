/**
 * The first 4,096 bytes of every track, and what follows the samples. The layout is fixed, so that a header can be
 * replaced in place at any moment with one page-sized write:
 *
 *     RIFF/WAVE · JUNK(28), room for ds64 · bext · fmt · LIST/INFO · JUNK up to 4,088 · data header · samples at 4,096
 *
 * Past 4 GiB the same bytes say RF64 with a ds64 in the place of the first JUNK (EBU Tech 3306 §3); readers of plain
 * RIFF skip the JUNK. 16-bit samples make every data size even: no pad byte between the samples and the tail.
 */
import type { Channels } from "./pcm.ts";
import { BYTES_PER_SAMPLE, SAMPLE_RATE } from "./pcm.ts";
import { riffChunk } from "./riff-chunk.ts";
import type { WavTags } from "./wav-tags.ts";
import { bextChunk, infoChunk, ixmlChunk } from "./wav-tags.ts";

/** Offset of the first sample in the file: one page, so that writes of whole pages stay aligned. */
export const DATA_START = 4_096;

const RIFF_ID_BYTES = 12;
const DS64_BYTES = 28;
const PCM_FORMAT = 1;
const UINT32_MAX = 0xffff_ffff;

/** Bytes of one sample of all channels. */
export function blockAlignOf(channels: Channels): number {
  return channels * BYTES_PER_SAMPLE;
}

/** Sizes that a header states. The file must be at least `DATA_START + dataBytes + tailBytes` long before it says so. */
export type WavSizes = {
  readonly channels: Channels;
  /** Bytes of samples; a multiple of `blockAlignOf(channels)`. */
  readonly dataBytes: number;
  /** Bytes of the chunks after the samples; 0 while the track grows. */
  readonly tailBytes: number;
};

/** The header: exactly `DATA_START` bytes. Pure; about 20 µs. */
export function wavHeader(sizes: WavSizes, tags: WavTags): Buffer {
  const { channels, dataBytes, tailBytes } = sizes;
  const riffBytes = DATA_START + dataBytes + tailBytes - 8;
  const rf64 = riffBytes > UINT32_MAX;

  const riff = Buffer.alloc(RIFF_ID_BYTES);
  riff.write(rf64 ? "RF64" : "RIFF", 0, "latin1");
  riff.writeUInt32LE(rf64 ? UINT32_MAX : riffBytes, 4);
  riff.write("WAVE", 8, "latin1");

  const front = Buffer.concat([
    riff,
    rf64 ? ds64Chunk(riffBytes, dataBytes, channels) : riffChunk("JUNK", new Uint8Array(DS64_BYTES)),
    bextChunk(tags, channels),
    formatChunk(channels),
    infoChunk(tags),
  ]);
  const header = Buffer.alloc(DATA_START);
  header.set(front, 0);
  const fillerBytes = DATA_START - 8 - front.length - 8;
  if (fillerBytes < 0) throw new RangeError("The tags do not fit the header.");
  header.set(riffChunk("JUNK", new Uint8Array(fillerBytes)), front.length);
  header.write("data", DATA_START - 8, "latin1");
  header.writeUInt32LE(rf64 ? UINT32_MAX : dataBytes, DATA_START - 4);
  return header;
}

/**
 * Whether chunks may follow so many bytes of samples. Behind none they may not: ffmpeg takes a data size of 0 for one that
 * was never filled in, and reads everything up to the end of the file as samples.
 */
export function mayHaveTail(dataBytes: number): boolean {
  return dataBytes > 0;
}

/** The chunks after the samples of a finished track. */
export function wavTail(tags: WavTags, channels: Channels): Buffer {
  return ixmlChunk(tags, channels);
}

function formatChunk(channels: Channels): Buffer {
  const blockAlign = blockAlignOf(channels);
  const body = Buffer.alloc(16);
  body.writeUInt16LE(PCM_FORMAT, 0);
  body.writeUInt16LE(channels, 2);
  body.writeUInt32LE(SAMPLE_RATE, 4);
  body.writeUInt32LE(SAMPLE_RATE * blockAlign, 8);
  body.writeUInt16LE(blockAlign, 12);
  body.writeUInt16LE(8 * BYTES_PER_SAMPLE, 14);
  return riffChunk("fmt ", body);
}

function ds64Chunk(riffBytes: number, dataBytes: number, channels: Channels): Buffer {
  const body = Buffer.alloc(DS64_BYTES);
  body.writeBigUInt64LE(BigInt(riffBytes), 0);
  body.writeBigUInt64LE(BigInt(dataBytes), 8);
  body.writeBigUInt64LE(BigInt(dataBytes / blockAlignOf(channels)), 16);
  // The last four bytes, the length of the table of further sizes, stay zero.
  return riffChunk("ds64", body);
}
