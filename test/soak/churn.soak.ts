import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { pickSeed, SeededRandom } from "../capture/seeded-random.ts";
import { balances } from "../../src/recordings/counts.ts";
import { toneSpeech } from "../simulator/people/speech.ts";
import { Call, fullText, trackLinks } from "../support/call.ts";
import { eventually, sleep } from "../support/wait.ts";
import { readWithFfprobe, readWithSox } from "../support/wav-readers.ts";
import { ChurningGuest } from "./churning-guest.ts";
import type { Party } from "./churning-guest.ts";
import { median, vitalsOf } from "./process-vitals.ts";
import type { Vitals } from "./process-vitals.ts";

const MINUTES = Number(process.env["SOAK_MINUTES"] ?? 20);
const GUESTS = 12;
/** With the bot ten members of the group at most. */
const SEATS = 9;
const LOOK_EVERY_MS = 5_000;
/** More than this is a leak: 0.95 to 1.02 is measured. */
const RESIDENT_RATIO = 1.15;
/** Of the main thread's heap a good part is garbage that waits for its collection: 1.02 to 1.12. */
const HEAP_RATIO = 1.3;
/** Connections that are kept open for a while; a leak with each coming or going would be dozens. */
const PASSING_DESCRIPTORS = 3;

test(
  `${MINUTES} minutes of coming, going, moving and muting: nothing is lost, nothing grows`,
  { timeout: MINUTES * 60_000 + 240_000 },
  async (t) => {
    const seed = pickSeed();
    t.diagnostic(`SEED=${seed}`);
    await using call = await Call.start({ dave: true });
    const { discord } = call;
    const party: Party = {
      recordedChannelId: discord.voiceChannel.id,
      otherChannelId: discord.addVoiceChannel("Elsewhere").id,
      deeds: { joins: 0, leaves: 0, moves: 0, mutes: 0, speeches: 0 },
      freeSeats: SEATS - 1,
      untilMs: Infinity,
    };
    const host = call.addHost("Host");
    await host.join();
    await discord.command(host, "record start");
    const guests = Array.from({ length: GUESTS }, (_, index) => {
      const person = discord.addPerson(`Guest ${index + 1}`);
      return new ChurningGuest(
        person,
        toneSpeech(300 + 50 * index, 3),
        party,
        new SeededRandom(seed + index),
      );
    });

    const startMs = performance.now();
    party.untilMs = startMs + MINUTES * 60_000;
    const living = Promise.all(guests.map((guest) => guest.live())).catch((error: unknown) => {
      party.untilMs = 0;
      throw error;
    });
    const vitals: Vitals[] = [];
    const looking = (async () => {
      for (; performance.now() < party.untilMs; await sleep(LOOK_EVERY_MS))
        vitals.push(await vitalsOf(call.bot));
    })();
    await Promise.all([living, looking]);
    await sleep(500);
    const stop = await discord.command(host, "record stop");
    await stop.until((reply) => trackLinks(fullText(reply)).size === GUESTS);
    await eventually("all guests are gone", () =>
      guests.every(({ person }) => person.channelId === undefined),
    );

    const { deeds } = party;
    t.diagnostic(JSON.stringify(deeds));
    const { manifest } = call;
    for (const { person, recordedPackets } of guests) {
      const counts = manifest.tracks.find(({ userId }) => userId === person.id)?.counts;
      t.diagnostic(`${person.name}: ${recordedPackets} packets sent, ${JSON.stringify(counts)}`);
    }
    const early = windowOf(vitals, startMs, 0.1, 0.25);
    const late = windowOf(vitals, startMs, 0.9, 1);
    t.diagnostic(`early ${JSON.stringify(early)}, late ${JSON.stringify(late)}`);
    t.diagnostic(`the bot asked for new keys ${discord.voice.keyRequests} times`);

    for (const times of Object.values(deeds)) assert.ok(times >= 2 * MINUTES, "there was churn");
    assert.equal(manifest.state, "finished");
    for (const { person, recordedPackets } of guests) {
      const track = manifest.tracks.find(({ userId }) => userId === person.id);
      assert.ok(track?.counts !== undefined && track.file !== undefined, `a track for ${person.name}`);
      const { counts } = track;
      const context = `${person.name}: ${JSON.stringify(counts)}`;
      assert.ok(balances(counts), context);
      assert.equal(counts.received, recordedPackets, context);
      assert.equal(counts.written, recordedPackets, context);
      const file = join(call.folder, "tracks", track.file);
      assert.equal(readWithSox(file).samples, manifest.lengthSamples);
      assert.equal(readWithFfprobe(file).samples, manifest.lengthSamples);
      const complaints = execFileSync("ffmpeg", ["-v", "error", "-i", file, "-f", "null", "-"], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      });
      assert.equal(complaints, "");
    }
    assert.equal(discord.voice.keyRequests, 0, "no keys were ever lost");
    assert.ok(late.rssBytes < early.rssBytes * RESIDENT_RATIO, "resident memory is flat");
    assert.ok(late.heapBytes < early.heapBytes * HEAP_RATIO, "the heap is flat");
    const descriptors = `${early.fileDescriptors} file descriptors, then ${late.fileDescriptors}`;
    assert.ok(late.fileDescriptors <= early.fileDescriptors + PASSING_DESCRIPTORS, descriptors);
    assert.deepEqual(discord.problems, []);
  },
);

/** Within a part of the time, 0 to 1: the middle of what varies, and the fewest descriptors, since connections come and go but a leak stays. */
function windowOf(
  vitals: readonly Vitals[],
  startMs: number,
  from: number,
  to: number,
): Omit<Vitals, "atMs"> {
  const part = vitals.filter(({ atMs }) => {
    const share = (atMs - startMs) / (MINUTES * 60_000);
    return share >= from && share <= to;
  });
  return {
    rssBytes: median(part.map(({ rssBytes }) => rssBytes)),
    heapBytes: median(part.map(({ heapBytes }) => heapBytes)),
    fileDescriptors: Math.min(...part.map(({ fileDescriptors }) => fileDescriptors)),
  };
}
