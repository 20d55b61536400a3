import { open, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { bextLoudness } from "../audio/bext-loudness.ts";
import { SAMPLE_RATE, secondsOf } from "../audio/pcm.ts";
import { readWavHead } from "../audio/wav-reader.ts";
import type { WavStatement } from "../audio/wav-reader.ts";
import { isMissing, messageOf, systemCodeOf } from "../errors.ts";
import type { Loudness, Manifest } from "../recordings/manifest.ts";
import { measureLoudness, probe } from "./media-tools.ts";
import type { MediaTools } from "./media-tools.ts";

/** Our headers end at 4,096; a header that is longer than this is none of ours. */
const HEAD_BYTES = 65_536;
/** Read at a time in search of the peak: 10 ms of the event loop at most. */
const SCAN_BYTES = 1_048_576;
/** Patience with a tool: ffmpeg needs a 400th of a mono track's length on an idle core. */
const MIN_TOOL_MS = 60_000;

/** What a track's file turned out to be. `problem` excludes a measurement. */
export type CheckedTrack = {
  readonly problem: string | undefined;
  readonly samples: number | undefined;
  readonly sizeBytes: number | undefined;
  readonly peak: number | undefined;
  readonly loudness: Loudness | undefined;
  /** Offset of the bext loudness fields in the file. */
  readonly loudnessAt: number | undefined;
};

const NOTHING: Omit<CheckedTrack, "problem"> = {
  samples: undefined,
  sizeBytes: undefined,
  peak: undefined,
  loudness: undefined,
  loudnessAt: undefined,
};

export type TrackCheck = {
  readonly path: string;
  readonly manifest: Pick<Manifest, "channels" | "lengthSamples">;
  /** The largest absolute sample, where the writer has counted it; it is looked for otherwise. */
  readonly peak: number | undefined;
  readonly tools: MediaTools;
  readonly signal: AbortSignal;
};

/** Reads a finished track as a stranger would: our own reading of header and size, then ffprobe, then all of it by ffmpeg. */
export async function checkTrack(check: TrackCheck): Promise<CheckedTrack> {
  const { path, tools, signal } = check;
  let statement: WavStatement;
  try {
    statement = await readStatement(path);
  } catch (error) {
    if (isMissing(error)) return { problem: "The file is missing.", ...NOTHING };
    if (systemCodeOf(error) !== "") throw error;
    return { problem: `The file cannot be read as a WAV. ${messageOf(error)}`, ...NOTHING };
  }
  const { samples, loudnessAt } = statement;
  const { size: sizeBytes } = await stat(path);
  const found = { ...NOTHING, samples, sizeBytes, loudnessAt };
  const problem = contradiction(statement, sizeBytes, check.manifest);
  if (problem !== undefined) return { ...found, problem };
  const around = { signal, timeoutMs: Math.ceil(MIN_TOOL_MS + 250 * secondsOf(samples)) };
  // ffprobe counts no samples where there are none.
  if (tools.ffprobe !== undefined && samples > 0) {
    const probed = await probe(tools.ffprobe, path, around);
    const agrees = probed?.samples === samples && probed.channels === statement.channels;
    if (!agrees || probed.codec !== "pcm_s16le" || probed.sampleRate !== SAMPLE_RATE)
      return { ...found, problem: "Another program (ffprobe) does not read the file as it was written." };
  }
  const peak = check.peak ?? (await peakOf(path, statement, signal));
  if (tools.ffmpeg === undefined || samples === 0) return { ...found, problem: undefined, peak };
  const { ok, loudness } = await measureLoudness(tools.ffmpeg, path, around);
  return ok
    ? { ...found, problem: undefined, peak, loudness }
    : { ...found, peak, problem: "Another program (ffmpeg) cannot decode the file." };
}

/**
 * Writes the loudness into the header, ten bytes in place that lie far before the first sample. They are on the disk when
 * this resolves. Bytes that are right already are not written, so that the file's date, and with it downloads, stay.
 */
export async function tagLoudness(path: string, at: number, loudness: Loudness): Promise<void> {
  const fields = bextLoudness(loudness);
  await using file = await open(path, "r+");
  const present = Buffer.alloc(fields.length);
  await file.read(present, 0, present.length, at);
  if (!present.equals(fields)) await file.write(fields, 0, fields.length, at);
  // Even then: a process that died may have written them without a sync.
  await file.datasync();
}

async function readStatement(path: string): Promise<WavStatement> {
  await using file = await open(path, "r");
  const head = Buffer.alloc(HEAD_BYTES);
  const { bytesRead } = await file.read(head, 0, head.length, 0);
  return readWavHead(head.subarray(0, bytesRead));
}

function contradiction(
  { channels, sampleRate, bits, dataAt, dataBytes, samples }: WavStatement,
  sizeBytes: number,
  manifest: TrackCheck["manifest"],
): string | undefined {
  if (sizeBytes < dataAt + dataBytes) return "The file is shorter than it says.";
  if (channels !== manifest.channels || sampleRate !== SAMPLE_RATE || bits !== 16)
    return "The file is not in the format of the recording.";
  if (manifest.lengthSamples !== undefined && samples !== manifest.lengthSamples)
    return `The file holds ${samples} samples instead of ${manifest.lengthSamples}.`;
  return undefined;
}

/** The largest absolute sample; 1 to 7 ms for each MiB. */
async function peakOf(
  path: string,
  { dataAt, dataBytes }: WavStatement,
  signal: AbortSignal,
): Promise<number> {
  await using file = await open(path, "r");
  const buffer = Buffer.allocUnsafeSlow(SCAN_BYTES);
  let peak = 0;
  for (let at = 0; at < dataBytes; at += SCAN_BYTES) {
    signal.throwIfAborted();
    peak = Math.max(peak, await peakIn(file, buffer, dataAt + at, Math.min(SCAN_BYTES, dataBytes - at)));
  }
  return peak;
}

async function peakIn(file: FileHandle, buffer: Buffer, position: number, bytes: number): Promise<number> {
  const { bytesRead } = await file.read(buffer, 0, bytes, position);
  let peak = 0;
  for (let at = 0; at + 1 < bytesRead; at += 2) peak = Math.max(peak, Math.abs(buffer.readInt16LE(at)));
  return peak;
}
