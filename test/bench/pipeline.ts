/**
 * The recorder without its network: segments, tracks, queue and writer thread as shipped, fed as fast as they take it.
 * `node test/bench/pipeline.ts <speakers> <seconds>` prints CPU of all threads, and of the one that decodes.
 */
import type { SentPacket } from "../accuracy/network.ts";
import { loadShippedCodec, record } from "../accuracy/recorded.ts";
import { WriterSetup } from "../writer/recording-setup.ts";
import { arrivalsOf } from "./harness/arrivals.ts";
import { cpuSecondsSince } from "./harness/cpu-clock.ts";
import type { PipelineRun } from "./harness/library-run.ts";

const [speakers = 25, seconds = 10] = process.argv.slice(2).map(Number);
/** A bot runs for weeks: its threads have loaded and compiled what they use. */
const WARM_UP_SECONDS = 30;

await using setup = await WriterSetup.start();
const codec = await loadShippedCodec();
await run(1, await arrivalsOf(speakers, WARM_UP_SECONDS));
console.log(JSON.stringify(await run(2, await arrivalsOf(speakers, seconds))));

async function run(handle: number, packets: Iterable<SentPacket>): Promise<PipelineRun> {
  const before = process.cpuUsage();
  const threadBefore = process.threadCpuUsage();
  const { counts } = await record(setup, packets, speakers, { codec, handle });
  const thread = process.threadCpuUsage(threadBefore);
  const cpuSeconds = cpuSecondsSince(before);
  const received = counts.reduce((sum, one) => sum + one.received, 0);
  const written = counts.reduce((sum, one) => sum + one.written, 0);
  if (written !== received) throw new Error(`${written} of ${received} packets were written.`);
  return { packets: written, cpuSeconds, decodingThreadSeconds: (thread.user + thread.system) / 1e6 };
}
