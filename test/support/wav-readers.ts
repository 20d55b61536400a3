/** Independent readers of the WAV files under test: ffprobe, sox and wavefile. None of it is our own code. */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import wavefile from "wavefile";

export type WavFacts = {
  readonly sampleRate: number;
  readonly channels: number;
  readonly bits: number;
  readonly samples: number;
};

/** A reason to skip where a command is not installed, or false. For `node:test`'s `skip`. */
export function missing(command: string): string | false {
  const found =
    spawnSync(command, [command === "sox" ? "--version" : "-version"], { stdio: "ignore" }).error ===
    undefined;
  return found ? false : `${command} is not installed on this machine`;
}

export function ffprobeFacts(path: string): WavFacts {
  const args = [
    "-v",
    "error",
    "-count_packets",
    "-show_entries",
    "stream=codec_name,sample_rate,channels,bits_per_sample,duration_ts",
    "-of",
    "json",
    path,
  ];
  const report: unknown = JSON.parse(execFileSync("ffprobe", args, { encoding: "utf8" }));
  const stream = (
    report as {
      streams: [
        {
          codec_name: string;
          sample_rate: string;
          channels: number;
          bits_per_sample: number;
          duration_ts: number;
        },
      ];
    }
  ).streams[0];
  if (stream.codec_name !== "pcm_s16le") throw new Error(`unexpected codec ${stream.codec_name}`);
  return {
    sampleRate: Number(stream.sample_rate),
    channels: stream.channels,
    bits: stream.bits_per_sample,
    samples: stream.duration_ts,
  };
}

export function soxFacts(path: string): WavFacts {
  const ask = (flag: string) =>
    Number(
      execFileSync("sox", ["--i", flag, path], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      }).trim(),
    );
  return { sampleRate: ask("-r"), channels: ask("-c"), bits: ask("-b"), samples: ask("-s") };
}

export function wavefileFacts(path: string): WavFacts {
  const wav = new wavefile.WaveFile(readFileSync(path));
  const format = wav.fmt as {
    sampleRate: number;
    numChannels: number;
    bitsPerSample: number;
    blockAlign: number;
  };
  const data = wav.data as { chunkSize: number };
  return {
    sampleRate: format.sampleRate,
    channels: format.numChannels,
    bits: format.bitsPerSample,
    samples: data.chunkSize / format.blockAlign,
  };
}

/** The first channel's samples, decoded by wavefile, as numbers from -1 to 1. */
export function readSamples(path: string): Float64Array {
  const wav = new wavefile.WaveFile(readFileSync(path));
  const decoded: unknown = wav.getSamples(false);
  const first = (Array.isArray(decoded) ? decoded[0] : decoded) as Float64Array;
  return first.map((sample) => sample / 32_768);
}
