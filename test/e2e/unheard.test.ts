import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { recordingEventSchema } from "../../src/recordings/events.ts";
import { balances } from "../../src/recordings/counts.ts";
import { toneSpeech } from "../simulator/people/speech.ts";
import { Call, fullText } from "../support/call.ts";
import { eventually } from "../support/wait.ts";
import { assertAllWritten, countsOf } from "../support/written.ts";

test(
  "somebody who speaks with a key that nobody has is named to all, the others are recorded, and recovery withdraws it",
  { timeout: 180_000 },
  async () => {
    await using call = await Call.start({ dave: true });
    const { discord } = call;
    const ben = discord.addPerson("Ben");
    await ben.join();
    const anna = await call.startRecording("Anna");
    const chat = (): string[] => discord.messages(discord.voiceChannel.id).map(({ content }) => content);
    assert.ok(ben.seat);
    ben.seat.encryptWrongly(true);
    const speaking = anna.say(toneSpeech(440, 13));
    const locked = ben.say(toneSpeech(660, 12));
    await eventually("Ben is named", () => chat().some((text) => /Ben is speaking, but I can't/.test(text)));
    const status = await discord.command(anna, "record status");
    assert.match(status.content, /Ben: speaks and cannot be decrypted since/);
    assert.doesNotMatch(status.content, /never named/);
    await Promise.all([speaking, locked]);
    const lockedFrames = ben.sent.length - 5;

    ben.seat.encryptWrongly(false);
    await ben.say(toneSpeech(660, 1));
    await eventually("it is withdrawn", () => chat().some((text) => /Ben is heard again/.test(text)));
    assert.equal(chat().filter((text) => text.includes("Ben")).length, 1, "one message in all");
    const stop = await discord.command(anna, "record stop");
    assert.match(fullText(stop), /Ben: [\d.]+ s missing .*could not be decrypted/);

    const { unheard } = call.manifest;
    const [of] = unheard ?? [];
    assert.deepEqual([unheard?.length, of?.name], [1, "Ben"]);
    assert.ok((of?.toSamples ?? 0) - (of?.fromSamples ?? 0) >= 10 * 48_000);
    assertAllWritten(call, anna);
    const bens = countsOf(call, ben);
    assert.ok(balances(bens));
    assert.equal(bens.expired, lockedFrames, "exactly what was sealed wrongly is missing");
    assert.equal(bens.written, ben.sent.length - lockedFrames);
    const events = readFileSync(join(call.folder, "events.ndjson"), "utf8")
      .trim()
      .split("\n")
      .map((line) => recordingEventSchema.parse(JSON.parse(line)));
    const kinds = events.filter(({ userId }) => userId === ben.id).map(({ kind }) => kind);
    assert.deepEqual(
      kinds.filter((kind) => kind === "unheard" || kind === "heard-again"),
      ["unheard", "heard-again"],
    );
  },
);

test(
  "somebody who could not be decrypted and leaves while the bot is down is not said to speak any more",
  { timeout: 90_000 },
  async () => {
    await using call = await Call.start({ dave: true });
    const { discord } = call;
    const ben = discord.addPerson("Ben");
    const people = [ben, discord.addPerson("Cleo")];
    for (const person of people) await person.join();
    const anna = await call.startRecording("Anna");
    for (const { seat } of people) seat?.encryptWrongly(true);
    const talking = people.map((person) => person.say(toneSpeech(660, 12)));
    await eventually("both are in the manifest", () => call.manifest.unheard?.length === 2, 30_000);
    await call.bot.stop("SIGKILL");
    await Promise.all(talking);
    await ben.leave();
    await call.restart();
    const bens = (): number | undefined =>
      call.manifest.unheard?.find(({ userId }) => userId === ben.id)?.toSamples;
    await eventually("the recording goes on and knows that he has left", () => bens() !== undefined, 20_000);
    const { content } = await discord.command(anna, "record status");
    assert.match(content, /Cleo: speaks and cannot be decrypted/);
    assert.doesNotMatch(content, /Ben: speaks/);
    await discord.command(anna, "record stop");
  },
);
