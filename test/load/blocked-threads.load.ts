import assert from "node:assert/strict";
import { test } from "node:test";
import { loadSpeech } from "../simulator/people/speech.ts";
import { Call, trackLinks } from "../support/call.ts";
import { Inspector } from "../support/inspector.ts";
import { sleep } from "../support/wait.ts";

const SPEAKERS = 10;
const BLOCK_MS = 5_000;
const CLIPS = ["anna", "ben", "chloe", "dan"] as const;

for (const thread of ["main", "writer"] as const) {
  test(
    `${SPEAKERS} people talk while the ${thread} thread is blocked for ${BLOCK_MS} ms: no frame is lost`,
    { timeout: 120_000 },
    async (t) => {
      await using call = await Call.start({ dave: true, nodeOptions: ["--inspect=127.0.0.1:0"] });
      const people = Array.from({ length: SPEAKERS }, (_, index) => call.addHost(`Person ${index + 1}`));
      for (const person of people) await person.join();
      const [host] = people;
      assert.ok(host);
      const start = await call.discord.command(host, "record start", {});
      await start.until((reply) => /record/i.test(reply.content), 20_000);

      const inspector = await Inspector.attach(call.bot);
      const talking = Promise.all(
        people.map(async (person, index) =>
          person.say(await loadSpeech(CLIPS[index % CLIPS.length] ?? "anna")),
        ),
      );
      await sleep(1_000);
      const before = performance.now();
      await (thread === "main"
        ? inspector.blockMain(BLOCK_MS)
        : inspector.blockWorker("writer-worker", BLOCK_MS));
      const blockedMs = performance.now() - before;
      assert.ok(blockedMs >= BLOCK_MS * 0.98, `the thread was blocked for ${blockedMs} ms`);
      await talking;
      inspector.close();

      const stop = await call.discord.command(host, "record stop");
      await stop.until(
        (reply) => trackLinks(reply.content + reply.followUps.join("\n")).size === SPEAKERS,
        30_000,
      );
      call.assertNothingLost();
      const { manifest } = call;
      for (const person of people) {
        const track = manifest.tracks.find((candidate) => candidate.userId === person.id);
        assert.equal(
          track?.counts?.received,
          person.sent.length,
          `${person.name}: as many packets received as sent`,
        );
      }
      t.diagnostic(
        `blocked ${Math.round(blockedMs)} ms; ${people.reduce((sum, person) => sum + person.sent.length, 0)} packets sent and written`,
      );
    },
  );
}
