/** What this machine brings: Node, Opus, ffmpeg, the kernel's socket buffers. */
import { readFile } from "node:fs/promises";
import { loadOpusCodec } from "../capture/decoder.ts";
import { findMediaTools } from "../jobs/media-tools.ts";
import { good, note } from "./finding.ts";
import type { Finding } from "./finding.ts";

/** Five seconds of 25 people; what capture asks for. */
const WANTED_BUFFER_BYTES = 4 * 1_048_576;
const TOOLS_TIMEOUT_MS = 15_000;

/** An older one would not have come this far: see `require-node.cjs`. */
export function checkNode(): Finding {
  return good(`Node ${process.versions.node}`);
}

export function checkOpus(): Finding {
  const { name, reason } = loadOpusCodec();
  if (reason === undefined) return good(`Opus is decoded by ${name}, the native build`);
  return note(
    `Opus is decoded in WebAssembly, at several times the work: the native build cannot be loaded.`,
    "Fine for a few people. Otherwise install a C++ compiler, make and Python, then run npm ci again.",
  );
}

export async function checkMediaTools(ffmpegPath: string): Promise<readonly Finding[]> {
  const { ffmpeg, ffprobe } = await findMediaTools(ffmpegPath, AbortSignal.timeout(TOOLS_TIMEOUT_MS));
  const remedy = "Recording does not need it. Install ffmpeg, or set FFMPEG_PATH to where it is.";
  return [
    ffmpeg === undefined
      ? note(`ffmpeg does not run as ${ffmpegPath}: loudness is not measured.`, remedy)
      : good(`ffmpeg runs as ${ffmpeg}`),
    ffprobe === undefined
      ? note("ffprobe is not found beside it: tracks are not checked by a second program.", remedy)
      : good(`ffprobe runs as ${ffprobe}`),
  ];
}

/** Linux alone says it in a file; elsewhere the limits are larger or told when recording. */
export async function checkSocketBuffers(file = "/proc/sys/net/core/rmem_max"): Promise<readonly Finding[]> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return [];
  const bytes = Number(text);
  if (bytes >= WANTED_BUFFER_BYTES) return [good(`The kernel grants socket buffers of ${bytes} bytes`)];
  return [
    note(
      `The kernel grants socket buffers of ${bytes} bytes only: a pause of the machine loses speech sooner.`,
      `Run: sysctl -w net.core.rmem_max=${WANTED_BUFFER_BYTES}, and put that line into /etc/sysctl.d to keep it.`,
    ),
  ];
}
