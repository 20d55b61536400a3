/**
 * Everything in memory until stop: py-cord's `WaveSink` keeps each person's PCM in a BytesIO and makes the WAV when the
 * recording is over (docs.pycord.dev, "Voice: sinks"; read in Pycord-Development/pycord, discord/sinks).
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import opus from "@discordjs/opus";
import { SAMPLE_RATE } from "../../../src/audio/pcm.ts";
import { required, run } from "./peer-bot.ts";
import { plainWavHeader } from "./wav-header.ts";

const directory = required("BENCH_DIRECTORY");
const people = new Map<string, Buffer[]>();

await run({
  subscribe(userId, packets) {
    const frames = people.get(userId) ?? [];
    people.set(userId, frames);
    const decoder = new opus.OpusEncoder(SAMPLE_RATE, 1);
    packets.on("data", (packet: Buffer) => frames.push(decoder.decode(packet)));
  },
  stop() {
    for (const [userId, frames] of people) {
      const pcm = Buffer.concat(frames);
      writeFileSync(join(directory, `${userId}.wav`), Buffer.concat([plainWavHeader(pcm.length), pcm]));
    }
  },
});
