import assert from "node:assert/strict";
import type { Person } from "../simulator/person.ts";
import { fullText, trackLinks } from "../support/call.ts";
import type { Call } from "../support/call.ts";

/** So many people sit in a channel, where a recording has begun. */
export async function recordCrowd(call: Call, speakers: number): Promise<readonly Person[]> {
  const people = Array.from({ length: speakers }, (_, index) => call.addHost(`Person ${index + 1}`));
  for (const person of people) await person.join();
  const start = await call.discord.command(hostOf(people), "record start", {});
  await start.until((reply) => /Recording/.test(reply.content));
  return people;
}

/** Ends the recording: every packet of everybody is in a track, and all tracks are of one length. */
export async function stopWithNothingLost(call: Call, people: readonly Person[]): Promise<void> {
  const stop = await call.discord.command(hostOf(people), "record stop");
  await stop.until((reply) => trackLinks(fullText(reply)).size === people.length, 60_000);
  const { manifest } = call;
  assert.equal(manifest.state, "finished");
  assert.equal(manifest.tracks.length, people.length);
  call.assertNothingLost();
  for (const { id, name, sent } of people) {
    const track = manifest.tracks.find(({ userId }) => userId === id);
    assert.equal(track?.counts?.received, sent.length, `${name}: as many packets received as sent`);
    assert.equal(track?.samples, manifest.lengthSamples);
  }
}

function hostOf([host]: readonly Person[]): Person {
  assert.ok(host);
  return host;
}
