import assert from "node:assert/strict";
import { test } from "node:test";
import { RtpUnwrapper } from "../../src/audio/rtp-unwrap.ts";
import { LOOK_AHEAD_SAMPLES } from "../../src/audio/sender-clock.ts";
import { CROSSFADE_SAMPLES, Timeline } from "../../src/audio/timeline.ts";
import type { TimelinePacket } from "../../src/audio/timeline.ts";
import { SeededRandom, pickSeed } from "../capture/seeded-random.ts";

/** One packet of a generated history. `ideal` is where its audio belongs, give or take one constant delay. */
type Sent = { rawSequence: number; rawTimestamp: number; sentAt: number; ideal: number; silent: boolean };
type Arriving = Sent & { arrival: number };
type Placed = { ideal: number; position: number; span: number; lost: number; silent: boolean };
type Packet = TimelinePacket & { readonly ideal: number };

const FRAME = 960;
const DELAY = 1_440;

/** Talkspurts of some seconds with pauses between, as a client sends them: five silence frames end each. */
function speak(options: {
  readonly spurts: number;
  readonly framesPerSpurt: number;
  readonly pauseSamples: number;
  readonly firstSequence?: number;
  readonly firstTimestamp?: number;
  readonly frozen?: boolean;
}): Sent[] {
  const sent: Sent[] = [];
  let sequence = options.firstSequence ?? 1_000;
  let timestamp = options.firstTimestamp ?? 500_000;
  let at = 48_000;
  for (let spurt = 0; spurt < options.spurts; spurt++) {
    for (let frame = 0; frame < options.framesPerSpurt + 5; frame++) {
      const silent = frame >= options.framesPerSpurt;
      sent.push({
        rawSequence: sequence++ & 0xffff,
        rawTimestamp: timestamp >>> 0,
        sentAt: at,
        ideal: at,
        silent,
      });
      timestamp += FRAME;
      at += FRAME;
    }
    at += options.pauseSamples;
    if (options.frozen !== true) timestamp += options.pauseSamples;
  }
  return sent;
}

function deliver(sent: readonly Sent[], delayOf: (packet: Sent) => number): Arriving[] {
  return sent
    .map((packet) => ({ ...packet, arrival: packet.sentAt + delayOf(packet) }))
    .sort((a, b) => a.arrival - b.arrival);
}

/** Runs a history through the unwrapper and the timeline with a 20 ms clock. */
function run(arriving: readonly Arriving[]): {
  placed: Placed[];
  patched: Placed[];
  late: number;
  duplicate: number;
} {
  const unwrapper = new RtpUnwrapper();
  const timeline = new Timeline<Packet>();
  const placed: Placed[] = [];
  const patched: Placed[] = [];
  const sink = {
    place: (packet: Packet, position: number, lost: number, span: number) =>
      void placed.push({ ideal: packet.ideal, position, span, lost, silent: packet.silent }),
    refuse: () => assert.fail("nothing is refused"),
  };
  let late = 0;
  let duplicate = 0;
  let now = 0;
  for (const packet of arriving) {
    for (; now + FRAME <= packet.arrival; now += FRAME) timeline.advance(now, sink);
    const verdict = unwrapper.accept(packet.rawSequence, packet.rawTimestamp);
    if (verdict === "duplicate") duplicate++;
    if (verdict !== "new") continue;
    const { sequence, timestamp } = unwrapper;
    const { arrival, silent, ideal } = packet;
    const numbered = { sequence, timestamp, arrival, samples: FRAME, silent, ideal };
    if (timeline.push(numbered)) continue;
    const room = timeline.patch(numbered, true);
    if (room === undefined) late++;
    else patched.push({ ideal, position: room.position, span: room.span, lost: 0, silent });
  }
  timeline.flush(sink);
  assert.equal(timeline.waiting, 0);
  return { placed, patched, late, duplicate };
}

/** How far from its ideal place each audible packet is, in milliseconds, sorted; without the constant delay. */
function errorsMs(placed: readonly Placed[]): number[] {
  return placed
    .filter((packet) => !packet.silent)
    .map((packet) => Math.abs(packet.position - packet.ideal - DELAY) / 48)
    .sort((a, b) => a - b);
}

function assertInOrder(placed: readonly Placed[]): void {
  for (const [at, packet] of placed.entries()) {
    const before = placed[at - 1];
    if (before === undefined) continue;
    const shared = before.position + before.span - packet.position;
    assert.ok(shared <= CROSSFADE_SAMPLES && packet.position > before.position, `${shared} samples shared`);
  }
}

test("a clean talkspurt is placed exactly, without loss", () => {
  const sent = speak({ spurts: 3, framesPerSpurt: 100, pauseSamples: 96_000 });
  const { placed, late } = run(deliver(sent, () => DELAY));
  assert.equal(placed.length, sent.length);
  assert.equal(late, 0);
  assert.equal(errorsMs(placed).at(-1), 0);
  assert.ok(placed.every((packet) => packet.lost === 0));
});

test("jitter within the look-ahead moves nothing by more than the promised bound", () => {
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  const sent = speak({ spurts: 40, framesPerSpurt: 100, pauseSamples: 48_000 });
  // Exponential jitter of 8 ms on average, with a spike of up to 120 ms for one packet in a hundred.
  const delayOf = (): number =>
    DELAY - Math.log(1 - random.next()) * 384 + (random.next() < 0.01 ? random.below(5_760) : 0);
  const { placed, late } = run(deliver(sent, delayOf));
  const errors = errorsMs(placed);
  const median = errors[Math.floor(errors.length / 2)] ?? Infinity;
  const p99 = errors[Math.floor(errors.length * 0.99)] ?? Infinity;
  assert.ok(median <= 2 && p99 <= 5, `seed ${seed}: median ${median} ms, p99 ${p99} ms`);
  assert.equal(placed.length + late, sent.length, `seed ${seed}`);
  assert.equal(late, 0, `seed ${seed}`);
  assertInOrder(placed);
});

test("reordered packets come out in order, duplicates once", () => {
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  const sent = speak({ spurts: 5, framesPerSpurt: 200, pauseSamples: 96_000 });
  const arriving = deliver(sent, () => DELAY + random.below(4_800));
  const doubled = arriving
    .flatMap((packet) =>
      random.next() < 0.2 ? [packet, { ...packet, arrival: packet.arrival + 30 }] : [packet],
    )
    .sort((a, b) => a.arrival - b.arrival);
  const { placed, duplicate, late } = run(doubled);
  assert.equal(late, 0, `seed ${seed}`);
  assert.equal(duplicate, doubled.length - sent.length, `seed ${seed}`);
  assert.deepEqual(
    placed.map((packet) => packet.ideal),
    sent.map((packet) => packet.ideal),
    `seed ${seed}`,
  );
  assert.ok(placed.every((packet) => packet.lost === 0));
});

test("lost packets are told where speech went on, and a pause is not loss", () => {
  const sent = speak({ spurts: 2, framesPerSpurt: 100, pauseSamples: 96_000 });
  const missing = new Set([20, 21, 22, 60]);
  const { placed } = run(
    deliver(
      sent.filter((_packet, at) => !missing.has(at)),
      () => DELAY,
    ),
  );
  assert.deepEqual(
    placed.filter((packet) => packet.lost > 0).map((packet) => packet.lost),
    [3, 1],
  );
  assert.equal(errorsMs(placed).at(-1), 0);
});

test("sequence numbers used up by padding are no loss", () => {
  const timeline = new Timeline<TimelinePacket>();
  const lost: number[] = [];
  const sink = {
    place: (_packet: TimelinePacket, _position: number, count: number) => void lost.push(count),
    refuse: () => undefined,
  };
  const packet = (sequence: number, at: number): TimelinePacket => ({
    sequence,
    timestamp: at,
    arrival: at + DELAY,
    samples: FRAME,
    silent: false,
  });
  timeline.push(packet(1, 0));
  for (const sequence of [2, 3, 4]) timeline.skip(sequence);
  timeline.push(packet(5, 4 * FRAME));
  timeline.flush(sink);
  assert.deepEqual(lost, [0, 0]);
});

test("numbers may wrap around in the middle of speech", () => {
  const sent = speak({
    spurts: 2,
    framesPerSpurt: 100,
    pauseSamples: 96_000,
    firstSequence: 0x1_0000 - 50,
    firstTimestamp: 0x1_0000_0000 - 50 * FRAME,
  });
  const { placed } = run(deliver(sent, () => DELAY));
  assert.equal(placed.length, sent.length);
  assert.equal(errorsMs(placed).at(-1), 0);
  assert.ok(placed.every((packet) => packet.lost === 0));
});

test("a sender whose timestamps stand still in pauses stays in its place", () => {
  const sent = speak({ spurts: 20, framesPerSpurt: 60, pauseSamples: 120_000, frozen: true });
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  const { placed, late } = run(deliver(sent, () => DELAY + random.below(240)));
  assert.equal(late, 0);
  assert.ok((errorsMs(placed).at(-1) ?? Infinity) <= 5, `seed ${seed}`);
});

test("a stall of the event loop delays packets but moves none", () => {
  const sent = speak({ spurts: 1, framesPerSpurt: 500, pauseSamples: 0 });
  // Everything sent between 3 s and 3.4 s is read at 3.4 s.
  const stall = { from: 48_000 + 144_000, to: 48_000 + 163_200 };
  const { placed } = run(
    deliver(sent, ({ sentAt }) => {
      const arrival = sentAt + DELAY;
      return arrival > stall.from && arrival < stall.to ? stall.to - sentAt : DELAY;
    }),
  );
  assert.equal(errorsMs(placed).at(-1), 0);
});

test("what a network held back for some time and delivers faster than it was said moves nothing after it", () => {
  for (const stallSamples of [24_000, 43_200]) {
    const sent = speak({ spurts: 1, framesPerSpurt: 1_000, pauseSamples: 0 });
    const from = 48_000 + 240_000;
    let free = 0;
    const arriving = sent.map((packet) => {
      let arrival = packet.sentAt + DELAY;
      if (packet.sentAt >= from) arrival = Math.max(arrival, from + stallSamples, free);
      // The backlog comes at twice the speed of speech.
      free = arrival + FRAME / 2;
      return { ...packet, arrival };
    });
    assert.ok(arriving.some(({ arrival, sentAt }) => arrival - sentAt > 19_200));
    const errors = errorsMs(run(arriving).placed);
    assert.ok((errors.at(-1) ?? Infinity) <= 5, `${stallSamples} samples: ${errors.at(-1)} ms`);
  }
});

test("a timestamp jump in the middle of speech is found, and speech stays in its place", () => {
  const sent = speak({ spurts: 1, framesPerSpurt: 400, pauseSamples: 0 });
  for (const [at, packet] of sent.entries())
    if (at >= 200) packet.rawTimestamp = (packet.rawTimestamp + 9_000_000) >>> 0;
  const { placed, late } = run(deliver(sent, () => DELAY));
  assert.equal(late, 0);
  assert.ok((errorsMs(placed).at(-1) ?? Infinity) <= 5);
});

test("a sender that starts its numbers over is followed after one packet", () => {
  const sent = speak({ spurts: 2, framesPerSpurt: 100, pauseSamples: 96_000 });
  for (const [at, packet] of sent.entries()) {
    if (at < 105) continue;
    packet.rawSequence = (packet.rawSequence - 30_000) & 0xffff;
    packet.rawTimestamp = (packet.rawTimestamp - 1_000_000_000) >>> 0;
  }
  const { placed } = run(deliver(sent, () => DELAY));
  assert.equal(placed.length, sent.length - 1);
  assert.ok((errorsMs(placed).at(-1) ?? Infinity) <= 25);
});

test("a packet that comes after its place was passed is given the room it left, once", () => {
  const timeline = new Timeline<TimelinePacket>();
  const sink = { place: () => undefined, refuse: () => undefined };
  const packetAt = (sequence: number, delay = DELAY): TimelinePacket => ({
    sequence,
    timestamp: sequence * FRAME,
    arrival: sequence * FRAME + delay,
    samples: FRAME,
    silent: false,
  });
  for (const sequence of [10, 11, 13, 14, 17]) timeline.push(packetAt(sequence));
  timeline.flush(sink);
  assert.equal(
    timeline.patch({ ...packetAt(12), timestamp: 11 * FRAME }, true),
    undefined,
    "its place is taken",
  );
  for (const sequence of [12, 16, 15]) {
    const straggler = packetAt(sequence, DELAY + 4 * LOOK_AHEAD_SAMPLES);
    assert.equal(timeline.push(straggler), false);
    const position = sequence * FRAME + DELAY;
    assert.deepEqual(timeline.patch(straggler, true), {
      position,
      span: FRAME,
      start: position,
      end: position + FRAME,
    });
  }
});

test("a talkspurt's first packet that comes late goes before its second one, whatever the timestamps do in pauses", () => {
  for (const frozen of [false, true]) {
    const sent = speak({ spurts: 2, framesPerSpurt: 60, pauseSamples: 96_000, frozen });
    const first = sent[65];
    assert.ok(first);
    const { placed, patched } = run(
      deliver(sent, (packet) => DELAY + (packet === first ? 2 * LOOK_AHEAD_SAMPLES : 0)),
    );
    assert.deepEqual(
      patched.map((packet) => packet.ideal),
      [first.ideal],
    );
    assert.equal(errorsMs([...placed, ...patched]).at(-1), 0, `frozen: ${frozen}`);
  }
});

test("no generated history makes packets overlap, vanish or appear twice", () => {
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  for (let round = 0; round < 60; round++) {
    const sent = speak({
      spurts: 1 + random.below(6),
      framesPerSpurt: 1 + random.below(120),
      pauseSamples: random.below(200_000),
      firstSequence: random.below(0x1_0000),
      firstTimestamp: random.below(0xffff_ffff),
      frozen: random.next() < 0.3,
    });
    const kept = sent.filter(() => random.next() > 0.03);
    const arriving = deliver(kept, () => DELAY + random.below(random.next() < 0.02 ? 30_000 : 2_000));
    const { placed, patched, late, duplicate } = run(arriving);
    assert.equal(placed.length + patched.length + late, kept.length, `seed ${seed}, round ${round}`);
    assert.equal(duplicate, 0, `seed ${seed}, round ${round}`);
    assertInOrder(placed);
  }
});

test("a sender faster than time cannot make the recording longer than the call", () => {
  const timeline = new Timeline<TimelinePacket>();
  let end = 0;
  let placed = 0;
  let refused = 0;
  const sink = {
    place: (packet: TimelinePacket, position: number) => {
      end = Math.max(end, position + packet.samples);
      placed++;
    },
    refuse: () => void refused++,
  };
  // 120 ms of audio every 5 ms, for 30 s.
  const samples = 5_760;
  const callSamples = 30 * 48_000;
  let sequence = 0;
  for (let arrival = 0; arrival < callSamples; arrival += 240) {
    timeline.push({ sequence, timestamp: sequence * samples, arrival, samples, silent: false });
    timeline.advance(arrival, sink);
    sequence++;
  }
  timeline.flush(sink);
  assert.equal(placed + refused, sequence);
  assert.ok(refused > 0);
  // 5 s ahead and one packet.
  assert.ok(end <= callSamples + 240_000 + samples, `${end}`);
});
