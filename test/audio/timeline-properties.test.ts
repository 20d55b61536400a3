import assert from "node:assert/strict";
import { test } from "node:test";
import { CROSSFADE_SAMPLES } from "../../src/audio/timeline.ts";
import { SeededRandom, pickSeed } from "../capture/seeded-random.ts";
import { DELAY, FRAME, SECOND, Sender, deliver, errorMs, jitter, record, stall } from "./packet-history.ts";
import type { Arriving, Outcome, Placed, Sent } from "./packet-history.ts";

const ROUNDS = 60;
const FRAME_SAMPLES = [480, 960, 1_920, 2_880] as const;

/** A person, or a bot whose timestamps stand still in pauses, who talks for half a minute or so across both wraps. */
function talk(random: SeededRandom, with_: { readonly jumps: boolean; readonly mixed: boolean }): Sent[] {
  const sender = new Sender({
    sequence: 0x1_0000 - random.below(1_000),
    timestamp: 0x1_0000_0000 - random.below(20 * SECOND),
    ppm: random.below(201) - 100,
  });
  const frozen = random.next() < 0.3;
  const spurts = 4 + random.below(6);
  for (let spurt = 0; spurt < spurts; spurt++) {
    const durations = with_.mixed ? FRAME_SAMPLES : ([FRAME] as const);
    for (let part = 0; part < 3; part++) {
      sender.speak(SECOND / 2 + random.below(2 * SECOND), durations[random.below(durations.length)]);
      if (random.next() < 0.3) sender.pad(1 + random.below(20));
      if (with_.jumps && random.next() < 0.1) sender.timestamp += random.below(20_000_000) - 10_000_000;
    }
    if (random.next() < 0.8) sender.silence();
    sender.pause(SECOND / 2 + random.below(3 * SECOND), frozen);
  }
  return sender.sent;
}

/** Loss, bursts of it, reordering, packets 300 ms late, each at a rate of this network's own. */
function network(random: SeededRandom): (packet: Sent, at: number) => number | undefined {
  const noise = jitter(random, 1 + random.below(8));
  const loss = random.next() * 0.03;
  const reorder = random.next() * 0.1;
  const late = random.next() * 0.02;
  let burst = 0;
  return () => {
    if (burst > 0) burst--;
    else if (random.next() < 0.002) burst = 1 + random.below(15);
    if (burst > 0 || random.next() < loss) return undefined;
    return (
      noise() +
      (random.next() < reorder ? random.below(7_200) : 0) +
      (random.next() < late ? 14_400 + random.below(9_600) : 0)
    );
  };
}

/** Repeats some packets, up to half a second later. */
function repeat(random: SeededRandom, arriving: readonly Arriving[]): Arriving[] {
  const all = arriving.flatMap((packet) =>
    random.next() < 0.05 ? [packet, { ...packet, arrival: packet.arrival + random.below(24_000) }] : [packet],
  );
  return all.sort((a, b) => a.arrival - b.arrival);
}

function assertAccounted(arriving: readonly Arriving[], outcome: Outcome, about: string): void {
  const padding = arriving.filter((packet) => packet.padding).length;
  const { placed, late, duplicate, ancient, refused } = outcome;
  const paddingRepeated = placed.length + late + duplicate + ancient + refused + padding - arriving.length;
  // A padding packet that came twice is counted in both.
  assert.ok(paddingRepeated >= 0 && paddingRepeated <= duplicate, `${about}: every packet has one outcome`);
  const numbers = placed.map((packet) => packet.index);
  assert.equal(new Set(numbers).size, numbers.length, `${about}: none is placed twice`);
  const said = placed.map((packet) => packet.sentAt);
  assert.equal(new Set(said).size, said.length, `${about}: nothing is heard twice`);
}

function assertApart(placed: readonly Placed[], about: string): void {
  const inOrder = placed.filter((packet) => !packet.patched);
  for (const [at, packet] of inOrder.entries()) {
    const before = inOrder[at - 1];
    if (before === undefined) continue;
    assert.ok(packet.start > before.start, `${about}: in order`);
    assert.ok(
      before.end - packet.start <= CROSSFADE_SAMPLES,
      `${about}: ${before.end - packet.start} shared`,
    );
  }
  const sorted = [...placed].sort((a, b) => a.start - b.start);
  for (const [at, packet] of sorted.entries()) {
    const before = sorted[at - 1];
    if (before === undefined || !(packet.patched || before.patched)) continue;
    // Silence gives way.
    if (before.silent || packet.silent) continue;
    assert.ok(packet.start >= before.end, `${about}: a late packet shares no sample`);
  }
}

test("whatever a network does, every packet has one outcome and its own samples", () => {
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  let patched = 0;
  let shared = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const sent = talk(random, { jumps: true, mixed: true });
    const through = network(random);
    const held = stall(random.below(30) * SECOND, random.below(3 * SECOND), 1.1 + random.next() * 3);
    const arriving = repeat(
      random,
      deliver(sent, (packet, at) => {
        const extra = through(packet, at);
        return extra === undefined ? undefined : extra + held(packet);
      }),
    );
    const outcome = record(arriving);
    const about = `seed ${seed}, round ${round}`;
    assertAccounted(arriving, outcome, about);
    assertApart(outcome.placed, about);
    patched += outcome.placed.filter((packet) => packet.patched).length;
    shared += outcome.late + outcome.ancient;
  }
  assert.ok(patched > 100, `seed ${seed}: packets came late`);
  assert.ok(shared <= patched / 10, `seed ${seed}: ${shared} refused, ${patched} patched in`);
});

test("through loss, bursts, reordering, repetition, drift, wraps and mixed durations the bound holds", () => {
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  const errors: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const sent = talk(random, { jumps: false, mixed: true });
    const arriving = repeat(random, deliver(sent, network(random)));
    const { placed, late, ancient, refused } = record(arriving);
    assert.equal(ancient + refused, 0, `seed ${seed}, round ${round}`);
    assert.equal(late, 0, `seed ${seed}, round ${round}: all who came late were given their room`);
    for (const packet of placed) if (!packet.silent) errors.push(Math.abs(errorMs(packet)));
  }
  errors.sort((a, b) => a - b);
  const median = errors[Math.floor(errors.length * 0.5)] ?? Infinity;
  const p99 = errors[Math.floor(errors.length * 0.99)] ?? Infinity;
  assert.ok(median <= 2 && p99 <= 5, `seed ${seed}: median ${median} ms, p99 ${p99} ms`);
});

test("two people who hear each other's words through different networks stay at the same place", () => {
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  const apart: number[] = [];
  for (let round = 0; round < ROUNDS / 2; round++) {
    const sent = talk(random, { jumps: false, mixed: false });
    const places = [0, 1].map(() => {
      const { placed } = record(deliver(sent, network(random)));
      return new Map(placed.map((packet) => [packet.sentAt, packet] as const));
    });
    for (const [sentAt, packet] of places[0] ?? []) {
      const other = places[1]?.get(sentAt);
      if (other !== undefined && !packet.silent) apart.push(Math.abs(packet.position - other.position) / 48);
    }
  }
  apart.sort((a, b) => a - b);
  const p99 = apart[Math.floor(apart.length * 0.99)] ?? Infinity;
  assert.ok(p99 <= 5, `seed ${seed}: ${p99} ms`);
});

test("the order in which packets come within the window changes nothing", () => {
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  for (let round = 0; round < ROUNDS; round++) {
    const sender = new Sender({
      sequence: 0xffff - random.below(200),
      timestamp: random.below(0x1_0000_0000),
    });
    for (let spurt = 0; spurt < 4; spurt++)
      sender
        .speak(SECOND + random.below(2 * SECOND), FRAME_SAMPLES[random.below(2)])
        .silence()
        .pause(SECOND);
    const straight = record(deliver(sender.sent, () => 0));
    // Every other packet comes at once, the rest up to 150 ms later.
    const shuffled = record(deliver(sender.sent, (_packet, at) => (at % 2 === 0 ? 0 : random.below(7_200))));
    const placesOf = ({ placed }: Outcome): (readonly [number, number])[] =>
      placed.map((packet) => [packet.sentAt, packet.position] as const);
    assert.deepEqual(placesOf(shuffled), placesOf(straight), `seed ${seed}, round ${round}`);
    assert.ok(straight.placed.every((packet) => packet.position === packet.sentAt + DELAY));
  }
});

test("nothing that happens to one packet moves those that follow", () => {
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  for (let round = 0; round < ROUNDS; round++) {
    const { sent } = new Sender().speak(6 * SECOND);
    const victim = 20 + random.below(sent.length - 60);
    const fate = [undefined, 14_400, SECOND, 2 * SECOND][round % 4];
    const { placed } = record(deliver(sent, (_packet, at) => (at === victim ? fate : 0)));
    assert.equal(placed.length, sent.length - (fate === undefined ? 1 : 0), `seed ${seed}, round ${round}`);
    for (const packet of placed)
      assert.equal(packet.position, packet.sentAt + DELAY, `seed ${seed}, round ${round}`);
  }
});
