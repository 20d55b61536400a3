import assert from "node:assert/strict";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";
import type { Person } from "../simulator/person.ts";
import { toneSpeech } from "../simulator/people/speech.ts";
import { Call } from "../support/call.ts";
import { SmallDisk } from "../support/small-disk.ts";
import { toneAmplitude } from "../support/tones.ts";
import { eventually } from "../support/wait.ts";
import { firstChannel, readWithFfprobe, readWithSox } from "../support/wav-readers.ts";

const MEGABYTE = 1_048_576;
const limits = { timeout: 180_000 };

/** A bot that records on a disk of 64 MB, and the person who may order it to. */
async function callOn(disk: SmallDisk, reserveMegabytes: number): Promise<{ call: Call; host: Person }> {
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = disk.directory;
  try {
    const call = await Call.start({
      dave: false,
      environment: { DISK_RESERVE_MB: String(reserveMegabytes) },
    });
    return { call, host: call.addHost("Anna") };
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
}

function smallDisk(t: TestContext): SmallDisk | undefined {
  const disk = SmallDisk.mount(64);
  if (disk === undefined) t.skip("mounting a small file system needs root");
  return disk;
}

async function record(call: Call, host: Person): Promise<void> {
  const start = await call.discord.command(host, "record start", {});
  await start.until((reply) => /Recording/.test(reply.content));
}

const chat = (call: Call): string =>
  call.discord
    .messages(call.discord.voiceChannel.id)
    .map((message) => message.content)
    .join("\n");

test(
  "people are warned of a disk that fills, and the recording is ended while it can be",
  limits,
  async (t) => {
    using disk = smallDisk(t);
    if (disk === undefined) return;
    const { call, host } = await callOn(disk, 16);
    await using owned = call;
    await host.join();
    await record(owned, host);
    const talking = host.say(toneSpeech(440, 20));
    await eventually("Anna is being recorded", () => host.sent.length > 50);
    assert.doesNotMatch(chat(call), /nearly full/);

    disk.leave(20 * MEGABYTE);
    await eventually("people are warned", () => /nearly full: \d+ MB are left/.test(chat(call)));
    assert.equal(call.manifest.state, "recording", "it goes on");

    disk.leave(3 * MEGABYTE);
    await eventually("the recording ends", () => call.manifest.state === "finished");
    assert.equal(call.manifest.error?.code, "E-DISK-LOW");
    await eventually("people are told", () => /ended.*E-DISK-LOW/s.test(chat(call)));
    await host.leave();
    await talking.catch(() => undefined);
    const path = call.trackPath(host.id);
    assert.equal(readWithFfprobe(path).samples, call.manifest.lengthSamples);
    assert.ok(toneAmplitude(firstChannel(path), 440) > 0.05, "what was said until then is there");
    call.assertNothingLost();
  },
);

test(
  "a disk that is full from one moment to the next costs one recording, and nothing of what it had",
  limits,
  async (t) => {
    using disk = smallDisk(t);
    if (disk === undefined) return;
    const { call, host } = await callOn(disk, 0);
    await using owned = call;
    await host.join();
    await record(owned, host);
    const talking = host.say(toneSpeech(440, 12));
    await eventually("Anna is being recorded", () => host.sent.length > 150);
    disk.leave(0);
    await eventually("the disk is full", () => disk.freeBytes === 0);
    await eventually("people are told", () => /The disk is full/.test(chat(call)));
    disk.empty();
    await talking;
    const tracks = join(call.folder, "tracks");
    const [file = ""] = readdirSync(tracks);
    assert.ok(readWithSox(join(tracks, file)).samples > 2 * SAMPLE_RATE);
    assert.ok(toneAmplitude(firstChannel(join(tracks, file)).subarray(0, 2 * SAMPLE_RATE), 440) > 0.05);

    const health = await fetch(`${call.bot.baseUrl}/readyz`);
    assert.equal(health.status, 200, "the process is healthy");
    rmSync(call.folder, { recursive: true });
    await record(owned, host);
    await host.say(toneSpeech(660, 1));
    const stop = await call.discord.command(host, "record stop");
    await stop.until((reply) => /Recorded/.test(reply.content));
    assert.equal(call.manifest.state, "finished", "the next recording works");
  },
);

test("a folder that is deleted under a recording ends it with a word, and no other", limits, async () => {
  await using call = await Call.start({ dave: false });
  const host = call.addHost("Anna");
  await host.join();
  await record(call, host);
  const talking = host.say(toneSpeech(440, 9));
  await eventually("Anna is being recorded", () => host.sent.length > 50);
  const { folder } = call;
  rmSync(folder, { recursive: true });
  assert.equal(existsSync(folder), false);
  await eventually("people are told", () => /was deleted|has disappeared/.test(chat(call)));
  await talking;
  assert.equal((await fetch(`${call.bot.baseUrl}/readyz`)).status, 200);
  await record(call, host);
  await host.say(toneSpeech(660, 1));
  const stop = await call.discord.command(host, "record stop");
  await stop.until((reply) => /Recorded/.test(reply.content));
  assert.equal(call.manifest.state, "finished");
});
