import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { BYTES_PER_SAMPLE, SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { DATA_START } from "../../src/audio/wav-header.ts";
import { readWavHead } from "../../src/audio/wav-reader.ts";
import { balances } from "../../src/recordings/counts.ts";
import { VOICES } from "../accuracy/chirps.ts";
import { codecDelay } from "../accuracy/codec-delay.ts";
import { positionError } from "../accuracy/position-error.ts";
import type { PositionError } from "../accuracy/position-error.ts";
import { pickSeed } from "../capture/seeded-random.ts";
import { median } from "../soak/process-vitals.ts";
import { missing, readWithFfprobe } from "../support/wav-readers.ts";
import { READINGS_IN_A_ROW, REPORT_FILE } from "./day-report.ts";
import type { DayReport, Reading } from "./day-report.ts";
import { isChirping, PEOPLE } from "./talking-day.ts";

const MINUTES = 24 * 60;
const MINUTE_SAMPLES = 60 * SAMPLE_RATE;
const LENGTH_SAMPLES = MINUTES * MINUTE_SAMPLES;
const DATA_BYTES = LENGTH_SAMPLES * BYTES_PER_SAMPLE;
/** About 4.2 GB are written. */
const FREE_BYTES = 10e9;
/** What is resident at the end may be this much more than ten minutes after the beginning. */
const GROWTH = 1.1;
/** On the disk a track may be this much larger than what is not silence: whole pages, at both ends of each talkspurt. */
const DISK_SHARE = 1.1;
/** 1 % of the packets are lost, at random; what is made up for them is no more than this of what was said. */
const MADE_UP_SHARE = 0.02;
const BOUND_MS = 5;

const RECORDER = fileURLToPath(new URL("./day-recorder.ts", import.meta.url));

function reasonToSkip(): string | false {
  const { bavail, bsize } = fs.statfsSync(os.tmpdir());
  if (bavail * bsize < FREE_BYTES) return `${os.tmpdir()} has less than ${FREE_BYTES / 1e9} GB left`;
  return missing("ffprobe", "ffmpeg");
}

test(
  `24 hours, ${PEOPLE} people: memory stays, every packet is accounted for, the last minute is as exact as the first`,
  { timeout: 1_200_000, skip: reasonToSkip() },
  async (t) => {
    const seed = pickSeed();
    t.diagnostic(`SEED=${seed}`);
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "recorded-day-"));
    try {
      const day = await recordDay(directory, seed);
      t.diagnostic(`recorded in ${Math.round(day.wallMs / 1000)} s`);
      t.diagnostic(`resident: ${curve(day.readings)}`);
      const bytes = day.files.reduce((sum, file) => sum + fs.statSync(file).blocks * 512, 0);
      t.diagnostic(`on the disk: ${(bytes / 1e9).toFixed(2)} GB`);
      assertMemoryStays(day.readings);
      assertEverythingHappened(day);
      assertBooks(day);
      for (const [track, file] of day.files.entries()) assertFile(file, day, track);
      const delaySamples = codecDelay().samples;
      for (let minute = 0; minute < MINUTES; minute++) {
        if (!isChirping(minute)) continue;
        const error = placesIn(day, minute, delaySamples);
        t.diagnostic(`minute ${minute}: ${JSON.stringify(error)}`);
        assert.ok(error.sounds > 3 * PEOPLE, "everybody's chirps are found");
        assert.ok(error.maxMs <= BOUND_MS && error.apartMs <= BOUND_MS);
        assert.deepEqual([error.missing, error.stray], [0, 0]);
      }
    } finally {
      fs.rmSync(directory, { recursive: true, force: true });
    }
  },
);

async function recordDay(directory: string, seed: number): Promise<DayReport> {
  const args = ["--expose-gc", RECORDER, directory, String(MINUTES), String(seed)];
  const [code] = await once(
    spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] }),
    "close",
  );
  assert.equal(code, 0);
  return JSON.parse(fs.readFileSync(path.join(directory, REPORT_FILE), "utf8"));
}

/** In megabytes, every two hours. */
function curve(readings: readonly Reading[]): string {
  return readings
    .filter(({ minute }) => minute === 10 || minute % 120 === 0)
    .map(({ minute, rssBytes }) => `${minute} min ${Math.round(rssBytes / 1e6)}`)
    .join(", ");
}

function assertMemoryStays(readings: readonly Reading[]): void {
  const resident = (some: readonly Reading[]): number => median(some.map(({ rssBytes }) => rssBytes));
  const early = resident(readings.slice(0, READINGS_IN_A_ROW));
  const late = resident(readings.slice(-READINGS_IN_A_ROW));
  assert.ok(late < early * GROWTH, `${early} bytes are resident after ten minutes, ${late} at the end`);
  const descriptors = new Set(readings.map(({ fileDescriptors }) => fileDescriptors));
  assert.equal(descriptors.size, 1, `file descriptors: ${[...descriptors].join(", ")}`);
}

/** Each of these is what the day is made for. */
function assertEverythingHappened({ deeds }: DayReport): void {
  const all = (count: (one: DayReport["deeds"][number]) => number): number =>
    deeds.reduce((sum, one) => sum + count(one), 0);
  assert.ok(all(({ rejoins }) => rejoins) > PEOPLE, "people came back under new SSRCs");
  assert.ok(all(({ sequenceWraps }) => sequenceWraps) > PEOPLE, "sequence numbers wrapped around");
  assert.ok(all(({ timestampWraps }) => timestampWraps) > 0, "timestamps wrapped around");
}

function assertBooks({ counts, deeds }: DayReport): void {
  for (const [person, one] of counts.entries()) {
    const books = JSON.stringify({ person, ...one });
    assert.ok(balances(one), books);
    assert.equal(one.received, deeds[person]?.arrivals, books);
    assert.equal(one.written + one.duplicate, one.received, books);
    const saidSamples = one.written * 960;
    assert.ok(one.concealedSamples > 0 && one.concealedSamples < MADE_UP_SHARE * saidSamples, books);
  }
}

/** 24 hours of mono are 8.3 GB, so that each of these is an RF64 file, and most of it a hole. */
function assertFile(file: string, { samples, sizesBytes, counts }: DayReport, track: number): void {
  assert.equal(samples[track], LENGTH_SAMPLES);
  const { size, blocks } = fs.statSync(file);
  assert.equal(size, sizesBytes[track]);
  const head = bytesOf(file, 0, DATA_START);
  assert.equal(head.toString("latin1", 0, 4), "RF64");
  const { dataAt, dataBytes } = readWavHead(head);
  assert.deepEqual([dataAt, dataBytes], [DATA_START, DATA_BYTES]);
  // EBU Tech 3306: the ds64 chunk comes first and begins with the size of what follows the form's own header.
  assert.equal(Number(head.readBigUInt64LE(20)), size - 8);
  const tail = bytesOf(file, DATA_START + DATA_BYTES, 4);
  assert.equal(tail.toString("latin1"), "iXML");
  const probed = readWithFfprobe(file);
  assert.deepEqual([probed.samples, probed.channels, probed.sampleRate], [LENGTH_SAMPLES, 1, SAMPLE_RATE]);
  const { written = 0, concealedSamples = 0 } = counts[track] ?? {};
  const soundBytes = (written * 960 + concealedSamples) * BYTES_PER_SAMPLE;
  assert.ok(blocks * 512 < DISK_SHARE * soundBytes, `${blocks * 512} bytes for ${soundBytes} of sound`);
}

/** Where the chirps of a minute are, as ffmpeg decodes it. */
function placesIn({ files, deeds }: DayReport, minute: number, delaySamples: number): PositionError {
  const from = minute * MINUTE_SAMPLES;
  return positionError(
    files.map((file, person) => ({
      voice: person % VOICES,
      said: (deeds[person]?.chirps ?? [])
        .filter(({ position }) => position >= from && position < from + MINUTE_SAMPLES)
        .map((chirp) => ({ ...chirp, position: chirp.position - from })),
      track: decodeMinute(file, minute),
    })),
    delaySamples,
  );
}

function decodeMinute(file: string, minute: number): Int16Array {
  const args = ["-v", "error", "-ss", String(minute * 60), "-i", file, "-t", "60", "-f", "s16le", "-"];
  const raw = execFileSync("ffmpeg", args, { maxBuffer: 1 << 24 });
  return new Int16Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength));
}

function bytesOf(file: string, from: number, length: number): Buffer {
  const fd = fs.openSync(file, "r");
  try {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, fs.readSync(fd, bytes, 0, length, from));
  } finally {
    fs.closeSync(fd);
  }
}
