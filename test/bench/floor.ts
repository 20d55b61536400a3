/**
 * What no recorder can do without: libopus decodes each packet, the samples are copied once, the bytes are written, 60 KiB
 * at a time. No network, no decryption, no clock, no thread. `node test/bench/floor.ts <speakers> <seconds>` prints CPU;
 * with `decode` behind it, of decoding alone.
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import opus from "@discordjs/opus";
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { cpuSecondsSince } from "./harness/cpu-clock.ts";
import { speechOf } from "./harness/load.ts";

const BLOCK_BYTES = 61_440;

type Lane = {
  readonly decoder: InstanceType<typeof opus.OpusEncoder>;
  readonly packets: readonly Buffer[];
  readonly file: number;
  readonly block: Buffer;
  filled: number;
};

const [speakers = 25, seconds = 10] = process.argv.slice(2, 4).map(Number);
const decodesOnly = process.argv[4] === "decode";
const directory = mkdtempSync(join(tmpdir(), "bench-floor-"));
const lanes: Lane[] = [];
for (let speaker = 0; speaker < speakers; speaker++) {
  lanes.push({
    decoder: new opus.OpusEncoder(SAMPLE_RATE, 1),
    packets: (await speechOf(speaker, seconds)).packets,
    file: openSync(join(directory, `${speaker}.pcm`), "w"),
    block: Buffer.alloc(BLOCK_BYTES),
    filled: 0,
  });
}

const before = process.cpuUsage();
const frames = lanes[0]?.packets.length ?? 0;
for (let frame = 0; frame < frames; frame++) for (const lane of lanes) record(lane, lane.packets[frame]);
for (const lane of lanes) flush(lane);
const cpuSeconds = cpuSecondsSince(before);

for (const { file } of lanes) closeSync(file);
rmSync(directory, { recursive: true });
console.log(JSON.stringify({ packets: frames * speakers, cpuSeconds }));

function record(lane: Lane, packet: Buffer | undefined): void {
  if (packet === undefined) return;
  const pcm = lane.decoder.decode(packet);
  if (decodesOnly) return;
  if (lane.filled + pcm.length > BLOCK_BYTES) flush(lane);
  pcm.copy(lane.block, lane.filled);
  lane.filled += pcm.length;
}

function flush(lane: Lane): void {
  writeSync(lane.file, lane.block, 0, lane.filled);
  lane.filled = 0;
}
