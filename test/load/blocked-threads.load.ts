import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { loadSpeech } from "../simulator/people/speech.ts";
import { Call, fullText, trackLinks } from "../support/call.ts";
import { Inspector } from "../support/inspector.ts";
import { eventually, sleep } from "../support/wait.ts";

const SPEAKERS = 10;
const BLOCK_MS = 5_000;
const CLIPS = ["anna", "ben", "chloe", "dan"] as const;
const FAULTY_DISK = fileURLToPath(new URL("../writer/faulty-disk.ts", import.meta.url));

/** Ten people talk for about ten seconds; after one second `block` is awaited. Nothing may be lost. */
async function nothingIsLostWhile(t: TestContext, call: Call, block: () => Promise<void>): Promise<void> {
  const people = Array.from({ length: SPEAKERS }, (_, index) => call.addHost(`Person ${index + 1}`));
  for (const person of people) await person.join();
  const [host] = people;
  assert.ok(host);
  await call.discord.command(host, "record start", {});

  const talking = Promise.all(
    people.map(async (person, index) => person.say(await loadSpeech(CLIPS[index % CLIPS.length] ?? "anna"))),
  );
  await sleep(1_000);
  await block();
  await talking;

  const stop = await call.discord.command(host, "record stop");
  await stop.until((reply) => trackLinks(fullText(reply)).size === SPEAKERS, 30_000);
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
  const sent = people.reduce((sum, person) => sum + person.sent.length, 0);
  t.diagnostic(`${sent} packets sent, received and written`);
}

test(
  `${SPEAKERS} people talk while the main thread is blocked for ${BLOCK_MS} ms: no frame is lost`,
  {
    timeout: 120_000,
  },
  async (t) => {
    await using call = await Call.start({ dave: true, nodeOptions: ["--inspect=127.0.0.1:0"] });
    await nothingIsLostWhile(t, call, async () => {
      const inspector = await Inspector.attach(call.bot);
      const before = performance.now();
      const blocking = inspector.blockMain(BLOCK_MS);
      // Asked once the block has begun, the web server answers only after it.
      await sleep(500);
      await fetch(`${call.bot.baseUrl}/healthz`);
      const answeredMs = performance.now() - before;
      await blocking;
      inspector.close();
      assert.ok(
        answeredMs > BLOCK_MS * 0.9,
        `the web server, on that thread, answered after ${answeredMs} ms`,
      );
      t.diagnostic(`blocked ${Math.round(performance.now() - before)} ms`);
    });
  },
);

test(
  `${SPEAKERS} people talk while the writer thread is blocked in the disk for ${BLOCK_MS} ms: no frame is lost`,
  {
    timeout: 120_000,
  },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "recorder-stall-"));
    const trigger = join(folder, "trigger");
    await using call = await Call.start({
      dave: true,
      nodeOptions: ["--import", FAULTY_DISK],
      environment: { FAULTY_DISK: trigger },
    });
    await nothingIsLostWhile(t, call, async () => {
      writeFileSync(trigger, "stall");
      await sleep(BLOCK_MS);
      const queued = await eventually("the queue's level", () => call.queuedFrames());
      rmSync(folder, { recursive: true });
      // Ten people make 500 frames a second, none of which leaves the queue; the metric is up to a second old.
      assert.ok(queued > SPEAKERS * 50 * (BLOCK_MS / 1000 - 1) * 0.9, `${queued} frames were waiting`);
      t.diagnostic(`${queued} frames waited in the queue when the disk came back`);
    });
  },
);
