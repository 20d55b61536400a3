import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { loadSpeech } from "../simulator/people/speech.ts";
import type { Call } from "../support/call.ts";
import { sleep } from "../support/wait.ts";
import { recordCrowd, stopWithNothingLost } from "./recorded-crowd.ts";

const CLIPS = ["anna", "ben", "chloe", "dan"] as const;

/** So many people talk, all at once; after one second `trouble` is awaited, then they end. Nothing may be lost. */
export async function nothingIsLostWhile(
  t: TestContext,
  call: Call,
  speakers: number,
  trouble: () => Promise<void>,
): Promise<void> {
  const people = await recordCrowd(call, speakers);
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
  await stopWithNothingLost(call, people);
  assert.deepEqual(call.discord.problems, []);
  const sent = people.reduce((sum, person) => sum + person.sent.length, 0);
  t.diagnostic(`${sent} packets sent, received and written`);
}
