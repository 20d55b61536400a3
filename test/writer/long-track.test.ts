import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { FRAME_SAMPLES, SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { DATA_START } from "../../src/audio/wav-header.ts";
import { missing, readWithFfprobe, readWithSox } from "../support/wav-readers.ts";
import { eventually, pcmOf, WriterSetup } from "./recording-setup.ts";

/** sox finds the right length, but reads all 4 GiB of an RF64 file for it: 45 s. */
const askSox = process.env["SLOW_TESTS"] === "1";

test(
  "a track past 4 GiB becomes RF64 in place, readable while it grows and when closed",
  { timeout: 180_000, skip: missing("ffprobe", "sox") },
  async () => {
    await using setup = await WriterSetup.start();
    await setup.open(1, 2);
    const late = Math.ceil(2 ** 32 / 4 / FRAME_SAMPLES) * FRAME_SAMPLES;
    setup.offer(1, 1, 2, 0);
    const file = path.join(setup.folder(1), "tracks", "01-1001.wav");
    await eventually(() => fs.existsSync(file) && fs.statSync(file).size > DATA_START);
    assert.equal(startOf(file), "RIFF");

    setup.offer(1, 1, 2, late);
    await eventually(() => startOf(file) === "RF64");
    const growing = readWithFfprobe(file).samples;
    assert.ok(growing > late && growing % (5 * SAMPLE_RATE) === 0, "it ends at a step behind the late frame");

    const lengthSamples = late + FRAME_SAMPLES + 7;
    const [track] = await setup.writer.close(1, { lengthSamples, fence: setup.producer.tail });
    assert.equal(readWithFfprobe(file).samples, lengthSamples);
    if (askSox) assert.equal(readWithSox(file).samples, lengthSamples);
    const { size, blocks } = fs.statSync(file);
    assert.equal(size, track!.sizeBytes);
    assert.ok(size > 2 ** 32 && blocks * 512 < 1_000_000, "it is sparse");
    assert.deepEqual(decodeFrom(file, late), pcmOf(1, 2, late));
  },
);

function startOf(file: string): string {
  const fd = fs.openSync(file, "r");
  const bytes = Buffer.alloc(4);
  fs.readSync(fd, bytes, 0, 4, 0);
  fs.closeSync(fd);
  return bytes.toString("latin1");
}

/** One frame of a file from a position on, as ffmpeg decodes it. */
function decodeFrom(file: string, position: number): Uint8Array {
  const seconds = (position / SAMPLE_RATE).toFixed(6);
  const args = ["-v", "error", "-ss", seconds, "-i", file, "-f", "s16le", "-"];
  return new Uint8Array(execFileSync("ffmpeg", args)).subarray(0, FRAME_SAMPLES * 4);
}
