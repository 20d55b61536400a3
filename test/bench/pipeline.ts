/**
 * The recorder without its network: segments, tracks, queue and writer thread as shipped, fed as fast as they take it.
 * `node test/bench/pipeline.ts <speakers> <seconds>` prints CPU of all threads, and of the one that decodes.
 */
import { FRAME_SAMPLES } from "../../src/audio/pcm.ts";
import type { SentPacket } from "../accuracy/network.ts";
import { record } from "../accuracy/recorded.ts";
import { WriterSetup } from "../writer/recording-setup.ts";
import { cpuSecondsSince } from "./harness/cpu-clock.ts";
import { speechOf } from "./harness/load.ts";

const [speakers = 25, seconds = 10] = process.argv.slice(2).map(Number);
const WARM_UP_SECONDS = 2;

await run(await arrivalsOf(WARM_UP_SECONDS));
const arrivals = await arrivalsOf(seconds);
console.log(JSON.stringify({ packets: arrivals.length, ...(await run(arrivals)) }));

async function arrivalsOf(duration: number): Promise<SentPacket[]> {
  const all: SentPacket[] = [];
  for (let speaker = 0; speaker < speakers; speaker++) {
    const { packets } = await speechOf(speaker, duration);
    for (const [frame, opus] of packets.entries()) {
      const position = frame * FRAME_SAMPLES;
      // Spread over the 20 ms like the crowd's.
      const arrival = position + (speaker % 10) * 96;
      all.push({ speaker, ssrc: speaker + 1, arrival, sequence: frame & 0xffff, timestamp: position, opus });
    }
  }
  return all.sort((a, b) => a.arrival - b.arrival);
}

async function run(
  packets: readonly SentPacket[],
): Promise<{ cpuSeconds: number; decodingThreadSeconds: number }> {
  await using setup = await WriterSetup.start();
  const before = process.cpuUsage();
  const threadBefore = process.threadCpuUsage();
  const { counts } = await record(setup, packets, speakers);
  const thread = process.threadCpuUsage(threadBefore);
  const cpuSeconds = cpuSecondsSince(before);
  const written = counts.reduce((sum, one) => sum + one.written, 0);
  if (written !== packets.length) throw new Error(`${written} of ${packets.length} packets were written.`);
  return { cpuSeconds, decodingThreadSeconds: (thread.user + thread.system) / 1e6 };
}
