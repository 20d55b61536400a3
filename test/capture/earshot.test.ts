import assert from "node:assert/strict";
import { test } from "node:test";
import { Earshot } from "../../src/capture/earshot.ts";
import type { Ears } from "../../src/capture/earshot.ts";

const CLEAR: Ears = { ready: true, mediaKeys: "none", alone: false };
const LOCKED: Ears = { ready: true, mediaKeys: "pending", alone: false };
const OPEN: Ears = { ready: true, mediaKeys: "settled", alone: false };

test("without end-to-end encryption people are heard from the instant of being ready", () => {
  const earshot = new Earshot(false);
  assert.ok(earshot.lost());
  assert.ok(!earshot.lost(), "one interruption, however often it is lost meanwhile");
  assert.deepEqual(earshot.tick(900, CLEAR), { kind: "wait" });
  earshot.ready(1_000);
  assert.deepEqual(earshot.tick(1_015, CLEAR), { kind: "heard", sinceMs: 1_000 });
  assert.deepEqual(earshot.tick(1_035, CLEAR), { kind: "wait" }, "told once");
  assert.ok(earshot.lost(), "the next one is an interruption of its own");
});

test("with it they are heard from the instant at which the keys are there, however long that takes", () => {
  const earshot = new Earshot(false);
  earshot.lost();
  earshot.ready(1_000);
  assert.deepEqual(earshot.tick(60_000, LOCKED), { kind: "wait" });
  assert.deepEqual(earshot.tick(60_020, OPEN), { kind: "heard", sinceMs: 60_020 });
});

test("keys that nobody is there to give are not waited for", () => {
  const earshot = new Earshot(true);
  earshot.ready(1_000);
  assert.deepEqual(earshot.tick(3_990, { ...LOCKED, alone: true }), { kind: "wait" });
  assert.deepEqual(earshot.tick(4_000, { ...LOCKED, alone: true }), { kind: "heard", sinceMs: 1_000 });
});

test("after a move nothing is kept before people know, and have heard it where it is said", () => {
  const earshot = new Earshot(false);
  earshot.ready(0);
  earshot.moved(1_000);
  assert.ok(!earshot.admitted);
  assert.ok(!earshot.lost(), "the connection's end belongs to the move");
  earshot.ready(1_200);
  assert.deepEqual(earshot.tick(1_220, CLEAR), { kind: "wait" });
  earshot.admit(1_500, true);
  assert.ok(!earshot.admitted, "it is still to be said");
  assert.deepEqual(earshot.tick(1_520, CLEAR), { kind: "announce" });
  assert.deepEqual(earshot.tick(1_540, CLEAR), { kind: "wait" });
  earshot.announced(3_500);
  assert.ok(earshot.admitted);
  assert.deepEqual(earshot.tick(3_510, CLEAR), { kind: "heard", sinceMs: 3_500 });
});

test("an announcement that a lost connection cut short is said again; one that never ends is not waited for", () => {
  const earshot = new Earshot(false);
  earshot.ready(0);
  earshot.moved(1_000);
  earshot.admit(1_100, true);
  assert.deepEqual(earshot.tick(1_120, CLEAR), { kind: "announce" });
  earshot.lost();
  assert.ok(!earshot.admitted);
  earshot.ready(5_000);
  assert.deepEqual(earshot.tick(5_020, CLEAR), { kind: "announce" });
  assert.deepEqual(earshot.tick(13_000, CLEAR), { kind: "wait" });
  assert.deepEqual(earshot.tick(13_040, CLEAR), { kind: "heard", sinceMs: 13_040 });
});
