import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { CaptureBooks, createBooksMemory } from "../../src/capture/capture-books.ts";
import { PacketLedger } from "../../src/capture/packet-ledger.ts";
import type { Outcome } from "../../src/capture/packet-ledger.ts";
import { balances, NO_PACKETS } from "../../src/recordings/counts.ts";
import { eventually } from "../support/wait.ts";

const OUTCOMES = [
  "written",
  "duplicate",
  "padding",
  "late",
  "dropped",
  "locked",
  "abandoned",
  "forged",
  "malformed",
  "undecodable",
  "ahead",
] as const satisfies readonly Outcome[];

test("a packet is held until it is settled, and each outcome is counted by itself", () => {
  const ledger = new PacketLedger();
  for (const [at, outcome] of OUTCOMES.entries()) {
    for (let count = 0; count <= at; count++) {
      ledger.admit();
      assert.equal(ledger.counts.held, 1, "before its outcome is known");
      ledger.settle(outcome);
    }
    assert.ok(balances(ledger.counts) && ledger.counts.held === 0, outcome);
  }
  ledger.conceal(960);
  ledger.drop(480);
  assert.deepEqual(ledger.counts, {
    ...NO_PACKETS,
    received: 66,
    written: 1,
    duplicate: 2,
    padding: 3,
    late: 4,
    dropped: 5,
    expired: 6 + 7,
    abandoned: 7,
    rejected: 8 + 9 + 10 + 11,
    forged: 8,
    malformed: 9,
    undecodable: 10,
    ahead: 11,
    concealedSamples: 960,
    droppedSamples: 480,
  });
});

test("another thread reads the books as they stand, and the next one goes on with them", () => {
  const memory = createBooksMemory();
  const first = new CaptureBooks(memory);
  const account = first.open("200000000000000001");
  first.open("200000000000000002").ledger.admit();
  account.track = 1;
  first.lastTrack = 1;
  first.datagrams = 12;
  first.notMedia = 3;
  first.seenAlive = 48_000;
  account.gaps.add("network", 960, 2_880);
  for (let packet = 0; packet < 5; packet++) account.ledger.admit();
  for (let packet = 0; packet < 3; packet++) account.ledger.settle("written");

  const next = new CaptureBooks(memory);
  assert.equal(next.seenAlive, 48_000);
  assert.equal(next.lastTrack, 1);
  next.settleAfterDeath();
  next.settleAfterDeath();
  const counts = { ...NO_PACKETS, received: 5, written: 3, expired: 2, abandoned: 2 };
  const gaps = [{ reason: "network", fromSamples: 960, toSamples: 2_880, missingSamples: 1_920 }];
  const track = { track: 1, userId: "200000000000000001", counts };
  assert.deepEqual(next.tracks(), [{ ...track, gaps }]);
  assert.deepEqual(next.news(), [{ ...track, gaps }], "told once,");
  assert.deepEqual(next.news(), [track], "and not again while they are as they were");
  // Three waited under numbers that nobody had claimed, one was of somebody who was never heard.
  assert.deepEqual(next.connectionCounts(0), { datagrams: 12, notMedia: 3, unattributed: 4 });
  next.open("200000000000000003").track = 2;
  assert.deepEqual(
    new CaptureBooks(memory).accounts.map(({ userId }) => userId),
    ["200000000000000001", "200000000000000002", "200000000000000003"],
  );
});

test("people beyond those that shared memory holds are counted all the same", () => {
  const memory = createBooksMemory();
  const books = new CaptureBooks(memory);
  for (let person = 1; person <= 1_030; person++) {
    const account = books.open(String(person));
    account.track = person;
    account.ledger.admit();
    account.ledger.settle("written");
  }
  assert.equal(books.tracks().length, 1_030);
  assert.equal(new CaptureBooks(memory).tracks().length, 1_024);
});

const COUNTING = `
  const { workerData } = require("node:worker_threads");
  import(workerData.module).then(({ CaptureBooks }) => {
    const books = new CaptureBooks(workerData.memory);
    const account = books.open("200000000000000001");
    account.track = 1;
    for (;;) {
      books.datagrams++;
      account.ledger.admit();
      if (books.datagrams % 3 === 0) account.ledger.settle("forged");
      else account.ledger.settle("written");
    }
  });`;

test("whenever a thread is killed, its books balance", { timeout: 180_000 }, async () => {
  for (let round = 0; round < 10; round++) {
    const memory = createBooksMemory();
    const module = new URL("../../src/capture/capture-books.ts", import.meta.url).href;
    const worker = new Worker(COUNTING, { eval: true, workerData: { memory, module } });
    await eventually("counts", () => new CaptureBooks(memory).datagrams > 10_000);
    await worker.terminate();
    const books = new CaptureBooks(memory);
    const { held } = books.tracks()[0]?.counts ?? NO_PACKETS;
    assert.ok(held === 0 || held === 1, `${held} between admission and outcome`);
    books.settleAfterDeath();
    const [track] = books.tracks();
    assert.ok(track && balances(track.counts) && track.counts.held === 0, JSON.stringify(track));
    const { datagrams, unattributed } = books.connectionCounts(0);
    assert.equal(datagrams, unattributed + track.counts.received);
  }
});
