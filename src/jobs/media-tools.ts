import { constants, setPriority } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { RecorderError } from "../errors.ts";
import type { Loudness } from "../recordings/manifest.ts";

/** ffmpeg and ffprobe, where they are installed. */
export type MediaTools = { readonly ffmpeg: string | undefined; readonly ffprobe: string | undefined };

export type ProbedTrack = {
  readonly codec: string;
  readonly sampleRate: number;
  readonly channels: number;
  readonly samples: number;
};

type Run = { readonly signal: AbortSignal; readonly timeoutMs: number };
type Output = { readonly ok: boolean; readonly stdout: string; readonly stderr: string };

const VERSION_MS = 10_000;
const MAX_OUTPUT_CHARACTERS = 1_000_000;
/** The tools see no secret of ours. */
const PASSED_ON = ["PATH", "HOME", "LD_LIBRARY_PATH", "TMPDIR", "SystemRoot"];

/** Nothing but this file is opened, whatever it contains. */
const INPUT = ["-protocol_whitelist", "file,pipe", "-f", "wav", "-i"];

/** What ffmpeg says of a track that the gates leave nothing of (ITU-R BS.1770-4: absolute gate at −70 LUFS). */
const GATED_LUFS = -70;

/** Looks for ffmpeg under its command or path, and for ffprobe beside it. Never rejects but for the signal. */
export async function findMediaTools(ffmpeg: string, signal: AbortSignal): Promise<MediaTools> {
  const beside = dirname(ffmpeg);
  const ffprobe = ffmpeg.includes("/") ? join(beside, "ffprobe") : "ffprobe";
  const works = async (command: string) => {
    const { ok } = await run(command, ["-version"], { signal, timeoutMs: VERSION_MS });
    return ok ? command : undefined;
  };
  const [foundFfmpeg, foundFfprobe] = await Promise.all([works(ffmpeg), works(ffprobe)]);
  return { ffmpeg: foundFfmpeg, ffprobe: foundFfprobe };
}

/** What ffprobe finds in a WAV; undefined where it finds no sense. */
export async function probe(ffprobe: string, path: string, around: Run): Promise<ProbedTrack | undefined> {
  const wanted = "stream=codec_name,sample_rate,channels,duration_ts";
  const args = [
    "-v",
    "error",
    ...INPUT,
    path,
    "-select_streams",
    "a:0",
    "-show_entries",
    wanted,
    "-of",
    "json",
  ];
  const { ok, stdout } = await run(ffprobe, args, around);
  if (!ok) return undefined;
  const { streams } = JSON.parse(stdout) as { streams?: Record<string, unknown>[] };
  const stream = streams?.[0];
  if (stream === undefined) return undefined;
  return {
    codec: String(stream["codec_name"]),
    sampleRate: Number(stream["sample_rate"]),
    channels: Number(stream["channels"]),
    samples: Number(stream["duration_ts"]),
  };
}

export type Measurement = { readonly ok: boolean; readonly loudness: Loudness | undefined };

/**
 * Decodes a whole track and measures it by EBU R 128; about 8 s of one core for an hour. Not ok: it could not be decoded.
 * No loudness: it is silent, or shorter than one gating block (400 ms).
 */
export async function measureLoudness(ffmpeg: string, path: string, around: Run): Promise<Measurement> {
  const args = ["-nostdin", "-hide_banner", "-nostats", "-v", "info", "-threads", "1", ...INPUT, path];
  const filter = ["-map", "0:a:0", "-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"];
  const { ok, stderr } = await run(ffmpeg, [...args, ...filter], around);
  return { ok, loudness: ok ? loudnessOf(stderr) : undefined };
}

/** The summary that the filter prints at its end. */
export function loudnessOf(report: string): Loudness | undefined {
  const summary = report.slice(report.lastIndexOf("Summary:"));
  const integratedLufs = figure(/^\s*I:\s+(\S+) LUFS/m, summary);
  const rangeLu = figure(/^\s*LRA:\s+(\S+) LU$/m, summary);
  const truePeakDbtp = figure(/True peak:\s+Peak:\s+(\S+) dBFS/, summary);
  if (integratedLufs === undefined || rangeLu === undefined || truePeakDbtp === undefined) return undefined;
  return integratedLufs <= GATED_LUFS ? undefined : { integratedLufs, rangeLu, truePeakDbtp };
}

function figure(pattern: RegExp, text: string): number | undefined {
  const value = Number(pattern.exec(text)?.[1]);
  return Number.isFinite(value) ? value : undefined;
}

/** Rejects where another try may do better: when aborted, when something ended the tool, and when it takes too long. */
async function run(command: string, args: readonly string[], { signal, timeoutMs }: Run): Promise<Output> {
  signal.throwIfAborted();
  const child = execa(command, args, {
    reject: false,
    stdin: "ignore",
    cancelSignal: signal,
    timeout: timeoutMs,
    maxBuffer: MAX_OUTPUT_CHARACTERS,
    extendEnv: false,
    env: Object.fromEntries(PASSED_ON.map((name) => [name, process.env[name]])),
  });
  behindRecordings(child.pid);
  const result = await child;
  signal.throwIfAborted();
  if (result.timedOut || (result.isTerminated && !result.isMaxBuffer))
    throw new RecorderError(
      "E-MEDIA-TOOL",
      result.timedOut ? "ffmpeg takes too long for a track." : "ffmpeg was ended by something else.",
      "It is tried again; look at the machine's memory and load.",
      { cause: result },
    );
  return { ok: !result.failed, stdout: result.stdout, stderr: result.stderr };
}

/** A recording that runs comes first. */
function behindRecordings(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended already, or may not be slowed down: then it runs as it is.
  }
}
