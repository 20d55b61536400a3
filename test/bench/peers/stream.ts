/**
 * The discord.js way: each person's packets → prism-media's Opus decoder → a file stream. After discordjs.guide ("Voice
 * receive", @discordjs/voice 0.6 release notes: `opusStream.pipe(new prism.opus.Decoder(…))`) and the many bots that do so.
 */
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import prism from "prism-media";
import { FRAME_SAMPLES, SAMPLE_RATE } from "../../../src/audio/pcm.ts";
import { required, run } from "./peer-bot.ts";

const directory = required("BENCH_DIRECTORY");
const files: Promise<void>[] = [];

await run({
  subscribe(userId, packets) {
    const decoder = new prism.opus.Decoder({ rate: SAMPLE_RATE, channels: 1, frameSize: FRAME_SAMPLES });
    const file = createWriteStream(join(directory, `${userId}.pcm`), { flags: "a" });
    const written = pipeline(packets, decoder, file);
    written.catch((error: unknown) => console.error(String(error)));
    files.push(written);
  },
  stop: async () => void (await Promise.allSettled(files)),
});
