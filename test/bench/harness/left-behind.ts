/** What a dead process left, as programs that are not ours read it. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { FRAME_SAMPLES } from "../../../src/audio/pcm.ts";
import {
  decodeWithSox,
  missing,
  readWithFfprobe,
  readWithSox,
  readWithWavefile,
} from "../../support/wav-readers.ts";
import { packetsIn } from "./peer.ts";

export type Left = {
  /** Frames of 20 ms in which something is heard, in all files, read as the program says they are to be read. */
  readonly frames: number;
  readonly bySox: Readability;
  readonly byFfprobe: Readability;
  readonly byWavefile: Readability;
  /** Python's `wave`; undefined where there is no Python. */
  readonly byPython: Readability | undefined;
};

/** `all`: as much as there is; `part`: less. `told`: once told the format by hand. `own`: by programs of its own. */
export type Readability = "all" | "part" | "nothing" | "told" | "own" | "no files";

/** A tone at half of full scale is far above this everywhere. */
const AUDIBLE = 2_000;

export function lookAt(files: readonly string[]): Left {
  const none = "no files";
  if (files.length === 0)
    return { frames: 0, bySox: none, byFfprobe: none, byWavefile: none, byPython: none };
  const heard = files.map(framesIn);
  const frames = heard.reduce((sum, count) => sum + count, 0);
  return {
    frames,
    bySox: readability(files, heard, soxSamples),
    byFfprobe: readability(files, heard, ffprobeSamples),
    byWavefile: readability(files, heard, wavefileSamples),
    byPython: missing("python3") === false ? readability(files, heard, pythonSamples) : undefined,
  };
}

function framesIn(file: string): number {
  if (extname(file) === ".ogg") return packetsIn(file);
  if (extname(file) === ".pcm") return audibleFrames(samplesOf(readFileSync(file)));
  // A header that says "empty" hides what is there: by hand, what follows it is found all the same.
  const byHand = (): number => audibleFrames(samplesOf(readFileSync(file).subarray(44)));
  const bySox = audibleFrames(decodeWithSox(file));
  return bySox > 0 ? bySox : byHand();
}

function readability(
  files: readonly string[],
  heard: readonly number[],
  samplesOf: (file: string) => number | undefined,
): Readability {
  if (files.some((file) => extname(file) === ".pcm")) return "told";
  if (files.some((file) => extname(file) === ".ogg")) return "own";
  const read = files.map((file) => samplesOf(file) ?? 0);
  if (read.every((samples) => samples === 0)) return "nothing";
  return read.every((samples, index) => samples >= (heard[index] ?? 0) * FRAME_SAMPLES) ? "all" : "part";
}

function soxSamples(file: string): number | undefined {
  try {
    return readWithSox(file).samples;
  } catch {
    return undefined; // sox refuses it
  }
}

function ffprobeSamples(file: string): number | undefined {
  try {
    const { samples } = readWithFfprobe(file);
    return Number.isFinite(samples) ? samples : undefined;
  } catch {
    return undefined; // ffprobe refuses it
  }
}

function wavefileSamples(file: string): number | undefined {
  try {
    return readWithWavefile(file).samples;
  } catch {
    return undefined; // wavefile refuses it
  }
}

const PYTHON = "import sys, wave; w = wave.open(sys.argv[1]); print(len(w.readframes(w.getnframes())) // 2)";

function pythonSamples(file: string): number | undefined {
  try {
    return Number(execFileSync("python3", ["-c", PYTHON, file], { stdio: ["ignore", "pipe", "ignore"] }));
  } catch {
    return undefined; // its wave module refuses it
  }
}

function samplesOf(bytes: Buffer): Int16Array {
  const even = bytes.length - (bytes.length % 2);
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + even));
}

function audibleFrames(samples: Int16Array): number {
  let frames = 0;
  for (let from = 0; from + FRAME_SAMPLES <= samples.length; from += FRAME_SAMPLES) {
    const frame = samples.subarray(from, from + FRAME_SAMPLES);
    if (frame.some((sample) => sample > AUDIBLE)) frames++;
  }
  return frames;
}
