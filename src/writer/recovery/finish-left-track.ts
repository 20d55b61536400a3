/** Brings a track that a dead process left to its final length and header. */
import * as fs from "node:fs";
import type { Channels } from "../../audio/pcm.ts";
import { blockAlignOf, DATA_START, mayHaveTail, wavHeader, wavTail } from "../../audio/wav-header.ts";
import type { WavTags } from "../../audio/wav-tags.ts";
import { systemCodeOf } from "../../errors.ts";
import { writeFully } from "../durable-file.ts";

/** What a full disk answers. */
const NO_ROOM = new Set(["ENOSPC", "EDQUOT"]);

/**
 * Ends the track at `lengthSamples`, of which the first `samples` are kept and the rest becomes a hole. It is on the disk
 * when this returns. Killed anywhere and run again, it leaves the same bytes, since nothing before `samples` is written
 * but the header; after each step the file is a valid WAV. Gives its size. Throws what the disk says.
 */
export function finishLeftTrack(
  path: string,
  end: { readonly samples: number; readonly lengthSamples: number },
  channels: Channels,
  tags: WavTags,
): number {
  const blockAlign = blockAlignOf(channels);
  const keptBytes = end.samples * blockAlign;
  const dataBytes = end.lengthSamples * blockAlign;
  const fd = fs.openSync(path, "r+");
  try {
    const writeHeader = (bytes: number, tailBytes: number): void =>
      writeFully(fd, wavHeader({ channels, dataBytes: bytes, tailBytes }, tags), DATA_START, 0);
    writeHeader(keptBytes, 0);
    // Silence ahead, half a sample, the chunks of a shorter end: whatever follows goes.
    fs.ftruncateSync(fd, DATA_START + keptBytes);
    fs.ftruncateSync(fd, DATA_START + dataBytes);
    writeHeader(dataBytes, 0);
    const tail = wavTail(tags, channels);
    if (mayHaveTail(dataBytes) && writeTail(fd, tail, DATA_START + dataBytes))
      writeHeader(dataBytes, tail.length);
    fs.fsyncSync(fd);
    return fs.fstatSync(fd).size;
  } finally {
    fs.closeSync(fd);
  }
}

/** Whether there was room for it: a track is complete without. */
function writeTail(fd: number, tail: Buffer, end: number): boolean {
  try {
    writeFully(fd, tail, tail.length, end);
    return true;
  } catch (error) {
    if (!NO_ROOM.has(systemCodeOf(error))) throw error;
    fs.ftruncateSync(fd, end);
    return false;
  }
}
