import assert from "node:assert/strict";
import { after, test } from "node:test";
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { pickSeed, SeededRandom } from "../capture/seeded-random.ts";
import { Call, fullText, trackLinks } from "../support/call.ts";
import { eventually, sleep } from "../support/wait.ts";
import { decodeWithSox } from "../support/wav-readers.ts";
import { codecDelay } from "./codec-delay.ts";
import { craigTrack } from "./craig.ts";
import { assertWithinBounds, table } from "./error-table.ts";
import type { Row } from "./error-table.ts";
import { LiveSpeaker } from "./live-speaker.ts";
import { positionError, quantile, signedErrors } from "./position-error.ts";
import type { Listening } from "./position-error.ts";

const PHASE_SECONDS = 12;
const rows: Row[] = [];

/** One call in real time, in phases; after each something happens to the connection, while people speak on. */
test(
  "in a real call nothing that happens to the connection moves anybody",
  { timeout: 180_000 },
  async (t) => {
    const seed = pickSeed();
    t.diagnostic(`SEED=${seed}`);
    await using call = await Call.start({ dave: true });
    const { discord } = call;
    const random = new SeededRandom(seed);
    const people = [call.addHost("Anna"), discord.addPerson("Ben"), discord.addPerson("Chloe")];
    const [anna, ben] = people;
    assert.ok(anna && ben);
    const speakers = people.map((person, voice) => new LiveSpeaker(person, voice, PHASE_SECONDS, random));
    for (const { person } of speakers) await person.join();
    await discord.command(anna, "record start");

    const ends: number[] = [];
    const phase = async (happens?: () => Promise<void>): Promise<void> => {
      const speaking = Promise.all(speakers.map((speaker) => speaker.speak()));
      await sleep(1_000);
      await happens?.();
      await speaking;
      await sleep(500);
      ends.push(performance.timeOrigin + performance.now());
    };
    await phase();
    const before = ben.seat?.ssrc;
    await ben.leave();
    await sleep(500);
    await ben.join();
    assert.notEqual(ben.seat?.ssrc, before, "Ben came back under another SSRC");
    await phase();
    await phase(async () => discord.voice.closeClient(discord.bot.id, 1006));
    await phase(async () => discord.faults.reassignVoiceServer());
    const stop = await discord.command(anna, "record stop");
    await stop.until((reply) => trackLinks(fullText(reply)).size === speakers.length);
    await eventually("the recording is over", () => call.manifest.state === "finished");

    const { manifest } = call;
    const { startedAtMs, lengthSamples, interruptions = [] } = manifest;
    assert.ok(startedAtMs !== undefined && lengthSamples !== undefined);
    t.diagnostic(JSON.stringify(interruptions));
    for (const { samples, counts, name } of manifest.tracks) {
      assert.equal(samples, lengthSamples, "all tracks are of one length");
      t.diagnostic(`${name}: ${JSON.stringify(counts)}`);
    }
    assert.ok(interruptions.length > 0, "the server was changed");

    const delay = codecDelay();
    const heard = speakers.map(({ person, voice }) => ({
      voice,
      track: decodeWithSox(call.trackPath(person.id)),
      arrivals: speakers[voice]?.arrivals(startedAtMs, interruptions) ?? [],
      said: speakers[voice]?.said(startedAtMs, interruptions) ?? [],
    }));
    const craigs = heard.map((one) => ({ ...one, track: craigTrack(one.arrivals) }));
    const spans = ends.map((end, index) => ({
      from: index === 0 ? 0 : samplesSince(startedAtMs, ends[index - 1] ?? 0),
      to: samplesSince(startedAtMs, end),
    }));
    const within = (listenings: readonly Listening[], span: { from: number; to: number }): Listening[] =>
      listenings.map(({ voice, said, track }) => ({
        voice,
        said: said.filter(({ position }) => position >= span.from && position < span.to),
        track: track.map((sample, at) => (at >= span.from && at < span.to ? sample : 0)),
      }));
    const [first] = spans;
    assert.ok(first);
    // Two processes' clocks agree to a millisecond or so: where position 0 is, the undisturbed part of the call tells.
    const zero = quantile(signedErrors(within(heard, first), delay.samples), 0.5);
    const allowanceMs = Math.max(...speakers.map((speaker) => speaker.lateMs));
    t.diagnostic(
      `position 0 is off by ${((zero / SAMPLE_RATE) * 1000).toFixed(2)} ms; senders were ${allowanceMs.toFixed(2)} ms late`,
    );
    for (const [index, name] of ["real call", "rejoin, new SSRC", "resume", "server move"].entries()) {
      const span = spans[index];
      assert.ok(span);
      const row = {
        name,
        ours: positionError(within(heard, span), delay.samples + zero),
        craigs: positionError(within(craigs, span), delay.samples + zero),
      };
      rows.push(row);
    }
    for (const { ours } of rows) assertWithinBounds(ours, allowanceMs);
  },
);

after(() => console.log(table(rows)));

function samplesSince(startedAtMs: number, atMs: number): number {
  return Math.round(((atMs - startedAtMs) / 1000) * SAMPLE_RATE);
}
