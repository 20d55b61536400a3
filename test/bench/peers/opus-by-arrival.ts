/**
 * Craig's way of recording: nothing is decoded, every packet goes into one Ogg file in the order of arrival, its time of
 * arrival as the page's position, a logical stream per person; programs of its own make audio of it afterwards. After
 * CraigChat/craig, apps/bot/src/modules/recorder (June 2026); that bot receives with another library than this one.
 */
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { once } from "node:events";
import { SAMPLE_RATE } from "../../../src/audio/pcm.ts";
import { oggPage } from "./ogg-page.ts";
import { required, run } from "./peer-bot.ts";

const file = createWriteStream(join(required("BENCH_DIRECTORY"), "all.ogg"));
const beganNs = process.hrtime.bigint();
const streams = new Map<string, number>();
const pages: number[] = [];

await run({
  subscribe(userId, packets) {
    const stream = streams.get(userId) ?? streams.size + 1;
    streams.set(userId, stream);
    packets.on("data", (packet: Buffer) => {
      const granule = ((process.hrtime.bigint() - beganNs) * BigInt(SAMPLE_RATE)) / 1_000_000_000n;
      const number = pages[stream] ?? 0;
      pages[stream] = number + 1;
      file.write(oggPage(stream, number, granule, packet));
    });
  },
  async stop() {
    file.end();
    await once(file, "close");
  },
});
