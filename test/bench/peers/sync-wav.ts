/**
 * A WAV written in the audio callback: decode, `writeSync`, next packet; the header gets its size at the end. The way of
 * Python's `wave` in a sink's `write` (py-cord's and discord-ext-voice-recv's documentation), in Node.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import opus from "@discordjs/opus";
import { SAMPLE_RATE } from "../../../src/audio/pcm.ts";
import { required, run } from "./peer-bot.ts";
import { plainWavHeader } from "./wav-header.ts";

type OpenWav = { readonly file: number; dataBytes: number };

const directory = required("BENCH_DIRECTORY");
const files = new Map<string, OpenWav>();

function open(userId: string): OpenWav {
  const known = files.get(userId);
  if (known !== undefined) return known;
  const wav: OpenWav = { file: openSync(join(directory, `${userId}.wav`), "w"), dataBytes: 0 };
  writeSync(wav.file, plainWavHeader(0));
  files.set(userId, wav);
  return wav;
}

await run({
  subscribe(userId, packets) {
    const wav = open(userId);
    const decoder = new opus.OpusEncoder(SAMPLE_RATE, 1);
    packets.on("data", (packet: Buffer) => {
      wav.dataBytes += writeSync(wav.file, decoder.decode(packet));
    });
  },
  stop() {
    for (const { file, dataBytes } of files.values()) {
      writeSync(file, plainWavHeader(dataBytes), 0, undefined, 0);
      closeSync(file);
    }
  },
});
