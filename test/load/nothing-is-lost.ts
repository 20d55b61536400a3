import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { loadSpeech } from "../simulator/people/speech.ts";
import type { Call } from "../support/call.ts";
import { fullText, trackLinks } from "../support/call.ts";
import { sleep } from "../support/wait.ts";

const CLIPS = ["anna", "ben", "chloe", "dan"] as const;

/** So many people talk, all at once; after one second `trouble` is awaited, then they end. Nothing may be lost. */
export async function nothingIsLostWhile(
  t: TestContext,
  call: Call,
  speakers: number,
  trouble: () => Promise<void>,
): Promise<void> {
  const people = Array.from({ length: speakers }, (_, index) => call.addHost(`Person ${index + 1}`));
  for (const person of people) await person.join();
  const [host] = people;
  assert.ok(host);
  const start = await call.discord.command(host, "record start", {});
  await start.until((reply) => /Recording/.test(reply.content), 30_000);

  const over = new AbortController();
  const talking = Promise.all(
    people.map(async (person, index) => {
      for (let turn = index; !over.signal.aborted; turn++)
        await person.say(await loadSpeech(CLIPS[turn % CLIPS.length] ?? "anna"));
    }),
  );
  await sleep(1_000);
  await trouble();
  over.abort();
  await talking;

  const stop = await call.discord.command(host, "record stop");
  await stop.until((reply) => trackLinks(fullText(reply)).size === speakers, 60_000);
  call.assertNothingLost();
  const { manifest } = call;
  for (const person of people) {
    const track = manifest.tracks.find((candidate) => candidate.userId === person.id);
    assert.equal(
      track?.counts?.received,
      person.sent.length,
      `${person.name}: as many packets received as sent`,
    );
    assert.equal(track?.samples, manifest.lengthSamples);
  }
  const sent = people.reduce((sum, person) => sum + person.sent.length, 0);
  t.diagnostic(`${sent} packets sent, received and written`);
}
