/** One track as a dead process left it: what it is, and how far its audio reaches. Nothing is changed here. */
import * as fs from "node:fs";
import type { Channels } from "../../audio/pcm.ts";
import { SAMPLE_RATE } from "../../audio/pcm.ts";
import { blockAlignOf, DATA_START } from "../../audio/wav-header.ts";
import { readWavHead } from "../../audio/wav-reader.ts";
import type { WavStatement } from "../../audio/wav-reader.ts";
import { readWavTags } from "../../audio/wav-tags-reader.ts";
import type { TagsRead } from "../../audio/wav-tags-reader.ts";
import { readFully, soundEnd } from "./left-audio.ts";

/**
 * - `ours`: whatever became of its header, the samples have their place. - `foreign`: not written by us, or not for this
 * recording.
 */
export type LeftTrack =
  | {
      readonly kind: "ours";
      /** Whole samples per channel that must be kept: its audio, or the length it was finished at. */
      readonly samples: number;
      /** Undefined where the header never reached the disk, or not whole. */
      readonly tags: TagsRead | undefined;
      /** Finished, and its header speaks of all of the file: nothing need be written where the length is right. */
      readonly isFinal: boolean;
    }
  | { readonly kind: "foreign" };

/** The chunk that follows the samples of a finished track. */
const TAIL_ID = Buffer.from("iXML");
const DS64_RIFF_SIZE_AT = 20;

/** Reads the header and the end of the audio. Throws what the disk says. */
export function surveyTrack(path: string, channels: Channels): LeftTrack {
  const fd = fs.openSync(path, "r");
  try {
    return survey(fd, channels);
  } finally {
    fs.closeSync(fd);
  }
}

/** The format that a track of ours states, where it states one. */
export function statedChannels(path: string): Channels | undefined {
  const fd = fs.openSync(path, "r");
  try {
    const channels = statementOf(readFully(fd, Buffer.alloc(DATA_START), 0))?.channels;
    return channels === 1 || channels === 2 ? channels : undefined;
  } finally {
    fs.closeSync(fd);
  }
}

function survey(fd: number, channels: Channels): LeftTrack {
  const { size } = fs.fstatSync(fd);
  const head = readFully(fd, Buffer.alloc(DATA_START), 0);
  const tags = readWavTags(head);
  const statement = statementOf(head);
  const blockAlign = blockAlignOf(channels);
  if (statement !== undefined) {
    if (!isOurs(statement, channels)) return { kind: "foreign" };
    const end = DATA_START + statement.dataBytes;
    const tail = readFully(fd, Buffer.alloc(TAIL_ID.length), end);
    if (tail.equals(TAIL_ID))
      return { kind: "ours", samples: statement.samples, tags, isFinal: statedBytes(head) === size };
  } else if (!isTorn(head)) return { kind: "foreign" };
  // Behind what the header says as well: after a power cut it may be older than the samples.
  const bytes = soundEnd(fd, DATA_START, size) - DATA_START;
  // The last sample's own last bytes may be zero; one that the file does not hold whole is lost.
  const whole = Math.floor(Math.max(0, size - DATA_START) / blockAlign);
  const samples = Math.max(0, Math.min(Math.ceil(bytes / blockAlign), whole));
  return { kind: "ours", samples, tags, isFinal: false };
}

function statementOf(head: Buffer): WavStatement | undefined {
  try {
    return readWavHead(head);
  } catch {
    // Whatever is wrong with it: it states nothing.
    return undefined;
  }
}

/** Size of the file as its form says: RIFF, or the ds64 of RF64 at its fixed place. */
function statedBytes(head: Buffer): number {
  const isLong = head.toString("latin1", 0, 4) === "RF64";
  return 8 + (isLong ? Number(head.readBigUInt64LE(DS64_RIFF_SIZE_AT)) : head.readUInt32LE(4));
}

function isOurs({ channels, sampleRate, bits, dataAt }: WavStatement, expected: Channels): boolean {
  return dataAt === DATA_START && channels === expected && sampleRate === SAMPLE_RATE && bits === 16;
}

/** A page that was never written reads as zeros; one that was begun starts like a WAV. */
function isTorn(head: Buffer): boolean {
  const form = head.toString("latin1", 0, 4);
  return form === "RIFF" || form === "RF64" || head.subarray(0, 512).every((byte) => byte === 0);
}
