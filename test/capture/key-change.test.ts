import assert from "node:assert/strict";
import { test } from "node:test";
import { nonceOf } from "../../src/capture/media-lock.ts";
import { DaveyMembers } from "../simulator/dave/davey-members.ts";
import { createExternalSender, DaveRoom } from "../simulator/dave/room.ts";
import { toneSpeech } from "../simulator/people/speech.ts";
import { IntakeBench } from "./intake-bench.ts";
import { SeededRandom, pickSeed } from "./seeded-random.ts";

const CHANNEL = "1234567890123456789";
const [BOT, ANNA, GUEST] = ["1000", "1001", "1002"] as const;
const CHANGES = 210;
const FRAME_MS = 20;
const SSRC = 11;

type Datagram = { readonly atMs: number; readonly sequence: number; readonly payload: Buffer };

test(
  "no frame is lost to changes of the keys in mid-speech while packets overtake each other",
  { timeout: 180_000 },
  () => {
    const seed = pickSeed();
    const random = new SeededRandom(seed);
    const room = new DaveRoom({ channelId: CHANNEL, externalSender: createExternalSender() });
    const call = new DaveyMembers(room, CHANNEL);
    call.join(BOT, ANNA);
    call.settle();
    const bench = new IntakeBench(BOT);
    const known = { protocolVersion: 1, session: call.member(BOT).session };
    bench.dave = known;
    const speech = toneSpeech(440, 1).packets;
    bench.intake.learn({ kind: "sends", userId: ANNA, ssrc: SSRC }, 0);

    const underWay: Datagram[] = [];
    let sent = 0;
    let newest = 0;
    let changes = 0;
    let changeAtMs = 200;
    let keyAtMs = Infinity;
    /** First frames under a new key that later ones overtook: what davey alone would lose. */
    let overtakenFirst = 0;
    for (let nowMs = 0; changes < CHANGES || underWay.length > 0; nowMs += FRAME_MS) {
      bench.nowMs = nowMs;
      if (nowMs >= changeAtMs && changes < CHANGES) {
        if (call.members.has(GUEST)) call.leave(GUEST);
        else call.join(GUEST);
        call.settle();
        changes++;
        changeAtMs = nowMs + FRAME_MS * (1 + random.below(40));
        // Half of the time the bot learns the keys only after their first frames.
        if (random.next() < 0.5) {
          bench.dave = undefined;
          keyAtMs = nowMs + FRAME_MS * random.below(20);
        } else bench.intake.keysChanged();
      }
      if (nowMs >= keyAtMs) {
        keyAtMs = Infinity;
        bench.dave = known;
        bench.intake.keysChanged();
      }
      if (changes < CHANGES) {
        const plain = speech[sent % speech.length];
        assert.ok(plain);
        const payload = call.member(ANNA).session.encryptOpus(plain);
        const delayMs = random.next() < 0.2 ? 5 + random.below(75) : 5;
        underWay.push({ atMs: nowMs + delayMs, sequence: sent++, payload });
      }
      underWay.sort((a, b) => a.atMs - b.atMs);
      while (underWay[0] !== undefined && underWay[0].atMs < nowMs + FRAME_MS) {
        const { atMs, sequence, payload } = underWay.shift() as Datagram;
        if (sequence < newest && nonceOf(payload) === 1) overtakenFirst++;
        newest = Math.max(newest, sequence);
        bench.nowMs = atMs;
        bench.receive(SSRC, sequence, sequence * 960, payload);
      }
      bench.nowMs = nowMs + FRAME_MS;
      bench.tick();
    }
    bench.dave = known;
    bench.intake.keysChanged();
    bench.pass(2_000);
    bench.close();
    assert.equal(changes, CHANGES);
    assert.ok(overtakenFirst > 8, `${overtakenFirst} first frames were overtaken`);
    const counts = bench.countsOf(ANNA);
    const context = `seed ${seed}: of ${sent} ${JSON.stringify(counts)}`;
    assert.equal(counts.received, sent, context);
    assert.equal(counts.written, sent, context);
    // What was patched in late took the place of what had been made up for it.
    assert.equal(new Set(bench.positions.get(ANNA)).size, sent, context);
    assert.equal(bench.counts.unattributed, 0);
  },
);
