/**
 * `npm run bench -- --guard`: whether the way of a packet has become dearer or loses something, or the bot has grown.
 * Bounds of time are ratios to the floor of the same round, about twice what is measured on a quiet machine, and the better
 * of two rounds counts: this finds a doubling, not a tenth.
 */
import { playWith } from "./harness/fault-run.ts";
import { runFloor, runPipeline } from "./harness/library-run.ts";
import { play } from "./harness/run.ts";

const ROUNDS = 2;
const SPEAKERS = 15;
const SECONDS = 6;
const WARM_UP_SECONDS = 3;
/** Of audio: these do not wait for it. */
const LIBRARY_SECONDS = 30;
const STALL_MS = 3_000;

/** CPU per packet of segments, queue and writer, over that of decoding, copying and writing. */
const PIPELINE_TO_FLOOR = 3.5;
/** The same of the whole bot, its network and decryption included. */
const BOT_TO_FLOOR = 12;

/**
 * Resident memory of the whole bot, three threads with heaps of their own, over that of a small bot of discord.js on the
 * same packets. Steadier than time: 1.65 is measured, 1.9 where each thread brings a compiler of TypeScript along.
 */
const BOT_TO_PEER_MEMORY = 1.8;

/** Says what it finds; false where a bound is exceeded. Under 90 seconds. */
export async function guard(): Promise<boolean> {
  const pipelines: number[] = [];
  const bots: number[] = [];
  const talk = { speakers: SPEAKERS, seconds: SECONDS, warmUpSeconds: WARM_UP_SECONDS, dave: true } as const;
  let residentBytes = 0;
  let lostPackets = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const floor = await runFloor(SPEAKERS, LIBRARY_SECONDS);
    const perPacket = floor.cpuSeconds / floor.packets;
    const pipeline = await runPipeline(SPEAKERS, LIBRARY_SECONDS);
    pipelines.push(pipeline.cpuSeconds / pipeline.packets / perPacket);
    const bot = await play({ subject: "ours", ...talk });
    bots.push(bot.cpuSeconds / bot.cpuPackets / perPacket);
    residentBytes = Math.max(residentBytes, bot.lastResidentBytes);
    lostPackets += bot.lostPackets;
  }
  const peer = await play({ subject: "sync", ...talk });
  const scene = { subject: "ours", speakers: SPEAKERS, seconds: SECONDS, dave: false } as const;
  const stalled = await playWith("BENCH_STALL", STALL_MS, scene);
  return [
    check("pipeline ÷ floor, CPU", Math.min(...pipelines), PIPELINE_TO_FLOOR),
    check("whole bot ÷ floor, CPU", Math.min(...bots), BOT_TO_FLOOR),
    check("whole bot ÷ a small bot, memory", residentBytes / peer.lastResidentBytes, BOT_TO_PEER_MEMORY),
    check("packets lost, undisturbed", lostPackets, 0),
    check(`packets lost, disk stalled for ${STALL_MS} ms`, stalled.lostPackets, 0),
    // Else the stall did not happen.
    check("disk not held up, ms", Math.max(0, STALL_MS - 1_000 - stalled.held.longestMs), 0),
  ].every((kept) => kept);
}

function check(what: string, value: number, most: number): boolean {
  const kept = value <= most;
  console.log(`${kept ? "ok  " : "FAIL"} ${what}: ${Number(value.toFixed(2))}, at most ${most}`);
  return kept;
}
