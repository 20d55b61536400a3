/** What programs that are not ours read in a WAV: ffprobe, sox and `wavefile`. */
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import wavefile from "wavefile";

export type Reading = { readonly samples: number; readonly channels: number; readonly sampleRate: number };

/** A reason to skip where one of the commands is not installed, or false: for `node:test`'s `skip`. */
export function missing(...commands: readonly string[]): string | false {
  const absent = commands.filter(
    (command) => spawnSync(command, ["-h"], { stdio: "ignore" }).error !== undefined,
  );
  return absent.length === 0 ? false : `${absent.join(" and ")} not installed on this machine`;
}

/** ffprobe's view of the stream and its tags. */
export function readWithFfprobe(file: string): Reading & { readonly tags: Readonly<Record<string, string>> } {
  const args = ["-v", "error", "-of", "json", "-show_streams", "-show_format", file];
  const { streams, format } = JSON.parse(execFileSync("ffprobe", args, { encoding: "utf8" }));
  const [stream] = streams;
  return {
    samples: stream.duration_ts,
    channels: stream.channels,
    sampleRate: Number(stream.sample_rate),
    tags: format.tags ?? {},
  };
}

/** sox's view. */
export function readWithSox(file: string): Reading {
  const ask = (flag: string): number =>
    Number(execFileSync("sox", ["--i", flag, file], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }));
  return { samples: ask("-s"), channels: ask("-c"), sampleRate: ask("-r") };
}

/** `wavefile`'s view, samples included: interleaved. Reads the whole file into memory. */
export function readWithWavefile(file: string): Reading & { readonly interleaved: Int16Array } {
  const wav = new wavefile.WaveFile(new Uint8Array(fs.readFileSync(file)));
  const { data, fmt } = wav as unknown as {
    readonly data: { readonly samples: Uint8Array };
    readonly fmt: { readonly numChannels: number; readonly sampleRate: number };
  };
  const bytes = data.samples.slice();
  const interleaved = new Int16Array(bytes.buffer, 0, bytes.byteLength / 2);
  return {
    interleaved,
    samples: interleaved.length / fmt.numChannels,
    channels: fmt.numChannels,
    sampleRate: fmt.sampleRate,
  };
}

/** The samples as sox decodes them: interleaved. */
export function decodeWithSox(file: string): Int16Array {
  const raw = execFileSync("sox", [file, "-t", "raw", "-e", "signed", "-b", "16", "-L", "-"], {
    maxBuffer: 1 << 30,
    stdio: ["ignore", "pipe", "pipe"],
  });
  return new Int16Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength));
}

/** The first channel's samples as `wavefile` reads them, from -1 to 1. */
export function firstChannel(file: string): Float64Array {
  const { interleaved, samples, channels } = readWithWavefile(file);
  return Float64Array.from({ length: samples }, (_, index) => (interleaved[index * channels] ?? 0) / 32_768);
}
