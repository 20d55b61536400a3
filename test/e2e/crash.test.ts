import assert from "node:assert/strict";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { toneSpeech } from "../simulator/people/speech.ts";
import { Call, fullText, trackLinks } from "../support/call.ts";
import { untilWritten } from "../support/live-track.ts";
import { soundingSpan, toneAmplitude } from "../support/tones.ts";
import { eventually } from "../support/wait.ts";
import { firstChannel, missing, readWithFfprobe } from "../support/wav-readers.ts";

test(
  "a bot that is killed finishes its recording when it is back, and tells the people where they look",
  { timeout: 180_000 },
  async () => {
    // People stay in the channel: it would go on.
    await using call = await Call.start({ dave: true, environment: { RESUME_SECONDS: "0" } });
    const { discord } = call;
    const anna = call.addHost("Anna");
    const ben = discord.addPerson("Ben");
    for (const person of [anna, ben]) await person.join();
    const start = await discord.command(anna, "record start", { title: "Cut short" });
    const page = /https?:\/\/\S+\/r\/\w{22}/.exec(start.content)?.[0];
    assert.ok(page !== undefined);
    const talking = Promise.all([anna.say(toneSpeech(450, 2)), ben.say(toneSpeech(650, 6))]);
    await untilWritten(call, anna, 450, 1.5);
    await untilWritten(call, ben, 650, 2.5);
    const [notice] = discord.messages(discord.voiceChannel.id);
    assert.match(notice?.content ?? "", /is being recorded/);
    assert.equal((await call.bot.stop("SIGKILL")).signal, "SIGKILL");
    await talking;
    assert.equal(call.manifest.state, "recording", "it was killed in the middle");

    await call.restart();
    await eventually("the recording is recovered", () => call.manifest.state === "finished");
    await eventually("it is checked, as any other", () => call.manifest.checked !== undefined);
    const { manifest } = call;
    assert.equal(manifest.recovered, true);
    const lengthSamples = manifest.lengthSamples ?? 0;
    assert.ok(lengthSamples > 2.5 * SAMPLE_RATE, `${lengthSamples} samples`);
    for (const [person, hz] of [
      [anna, 450],
      [ben, 650],
    ] as const) {
      const path = call.trackPath(person.id);
      const samples = firstChannel(path);
      assert.equal(samples.length, lengthSamples);
      if (!missing("ffprobe")) assert.equal(readWithFfprobe(path).samples, lengthSamples);
      const span = soundingSpan(samples);
      assert.ok(span !== undefined);
      assert.ok(toneAmplitude(samples.subarray(span.first + 4_800, span.first + SAMPLE_RATE), hz) > 0.05);
      const track = manifest.tracks.find(({ userId }) => userId === person.id);
      assert.deepEqual(
        [track?.name, track?.problem, track?.samples],
        [person.name, undefined, lengthSamples],
      );
    }

    await eventually("the notice is of the past", () => /ended unexpectedly/.test(notice?.content ?? ""));
    await eventually("Anna has been told", () => anna.directMessages.length > 0);
    assert.equal(ben.directMessages.length, 0);
    const told = anna.directMessages.map(({ content }) => content).join("\n");
    assert.ok(told.includes(page), "the page has the same address");
    assert.match(told, /recovered/);
    for (const link of trackLinks(told).values()) assert.equal((await fetch(link)).status, 200);
    assert.equal(trackLinks(told).size, 2);
    const html = await (await fetch(page)).text();
    assert.match(html, /E-INTERRUPTED/);
    await eventually("nobody need be told again", () => !existsSync(join(call.folder, "untold")));

    assert.equal((await call.bot.stop()).code, 0);
    const messages = anna.directMessages.length;
    await call.restart();
    await discord.command(anna, "record status");
    assert.equal(anna.directMessages.length, messages);
    assert.deepEqual(discord.problems, []);
  },
);

for (const [what, damage] of [
  ["destroyed", (path: string) => writeFileSync(path, "no database any more".repeat(1_000))],
  ["lost", (path: string) => rmSync(path)],
] as const)
  test(
    `links go on working when the catalog was ${what} while the bot was down`,
    { timeout: 180_000 },
    async () => {
      await using call = await Call.start({ dave: false });
      const anna = call.addHost("Anna");
      await anna.join();
      await call.discord.command(anna, "record start", {});
      await anna.say(toneSpeech(440, 1));
      const link = trackLinks(fullText(await call.discord.command(anna, "record stop"))).get(1);
      assert.ok(link !== undefined);
      await eventually("the jobs are done with it", () => call.manifest.checked !== undefined);
      const before = Buffer.from(await (await fetch(link)).arrayBuffer());
      assert.equal((await call.bot.stop()).code, 0);
      for (const part of ["-wal", "-shm"])
        rmSync(join(call.dataDir, `catalog.sqlite${part}`), { force: true });
      damage(join(call.dataDir, "catalog.sqlite"));

      await call.restart();
      const after = await eventually("the link works", async () => {
        const response = await fetch(link);
        return response.status === 200 && Buffer.from(await response.arrayBuffer());
      });
      assert.ok(after.equals(before), "the same file");
      assert.equal((await fetch(link.replace(/\/tracks.*/, ""))).status, 200);
    },
  );
