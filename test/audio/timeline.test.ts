import assert from "node:assert/strict";
import { test } from "node:test";
import { LOOK_AHEAD_SAMPLES } from "../../src/audio/sender-clock.ts";
import { CROSSFADE_SAMPLES, Timeline } from "../../src/audio/timeline.ts";
import type { TimelinePacket } from "../../src/audio/timeline-packet.ts";
import { DELAY, FRAME, SECOND, Sender, deliver, errorMs, errorsOf, record } from "./packet-history.ts";

/** Two talkspurts of two seconds with two seconds between. */
function twoTalkspurts(frozen = false): Sender {
  return new Sender()
    .speak(2 * SECOND)
    .silence()
    .pause(2 * SECOND, frozen)
    .speak(2 * SECOND)
    .silence();
}

function packetAt(sequence: number, delay = DELAY): TimelinePacket {
  const timestamp = sequence * FRAME;
  return { sequence, timestamp, arrival: timestamp + delay, samples: FRAME, silent: false };
}

test("clean speech is placed exactly, without loss", () => {
  const { sent } = twoTalkspurts();
  const { placed, late } = record(deliver(sent, () => 0));
  assert.equal(placed.length, sent.length);
  assert.equal(late, 0);
  assert.equal(errorsOf(placed).worstMs, 0);
  assert.ok(placed.every((packet) => packet.lost === 0 && packet.end - packet.start === packet.samples));
});

test("lost packets are told where speech went on, and a pause is not loss", () => {
  const missing = new Set([20, 21, 22, 60]);
  const { placed } = record(
    deliver(twoTalkspurts().sent, (_packet, at) => (missing.has(at) ? undefined : 0)),
  );
  assert.deepEqual(
    placed.filter((packet) => packet.lost > 0).map((packet) => packet.lost),
    [3, 1],
  );
  assert.equal(errorsOf(placed).worstMs, 0);
});

test("a hole that a new anchor made shorter than its packets is loss to its last sample", () => {
  const timeline = new Timeline<TimelinePacket>();
  const holes: { readonly lost: number; readonly room: number }[] = [];
  let end = 0;
  const sink = {
    place: (_packet: TimelinePacket, position: number, lost: number, span: number) => {
      if (lost > 0) holes.push({ lost, room: position - end });
      end = position + span;
    },
    refuse: () => assert.fail(),
    retract: () => assert.fail(),
  };
  // Twelve are lost, and from then on everything comes 10 ms sooner.
  for (let sequence = 0; sequence < 60; sequence++) {
    if (sequence >= 20 && sequence < 32) continue;
    timeline.push(packetAt(sequence, sequence < 20 ? DELAY : DELAY - 481));
  }
  timeline.flush(sink);
  const room = 12 * FRAME - 481;
  assert.deepEqual(holes, [{ lost: room, room }]);
});

test("sequence numbers used up by padding are no loss", () => {
  const { sent } = new Sender().speak(SECOND).pad(60).speak(SECOND);
  const { placed } = record(deliver(sent, () => 0));
  assert.equal(placed.length, sent.length - 60);
  assert.ok(placed.every((packet) => packet.lost === 0));
});

test("a stall of the event loop delays packets but moves none", () => {
  // Everything sent between 3 s and 3.4 s is read at 3.4 s.
  const until = 3.4 * SECOND;
  const arriving = deliver(new Sender().speak(10 * SECOND).sent, ({ sentAt }) =>
    sentAt > 3 * SECOND && sentAt < until ? until - sentAt : 0,
  );
  assert.ok(arriving.filter(({ arrival }) => arrival === until + DELAY).length >= 19, "it stalled");
  assert.equal(errorsOf(record(arriving).placed).worstMs, 0);
});

test("a sender that starts its numbers over is followed after one packet", () => {
  for (const behind of [30, 30_000]) {
    const sender = new Sender()
      .speak(2 * SECOND)
      .silence()
      .pause(SECOND);
    sender.sequence = (sender.sequence - behind) & 0xffff;
    sender.timestamp -= 1_000_000_000;
    const { sent } = sender.speak(2 * SECOND);
    const { placed, ancient } = record(deliver(sent, () => 0));
    assert.equal(ancient, 1);
    assert.equal(placed.length, sent.length - 1);
    assert.ok(errorsOf(placed).worstMs <= 5);
  }
});

test("a packet that comes after its place was passed is given the room it left, once", () => {
  const timeline = new Timeline<TimelinePacket>();
  const sink = { place: () => undefined, refuse: () => undefined, retract: () => undefined };
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
    const room = { position, span: FRAME, start: position, end: position + FRAME };
    assert.deepEqual(timeline.patch(straggler, true), room);
  }
});

test("a talkspurt's first packet that comes late goes before its second one, whatever timestamps do in pauses", () => {
  for (const frozen of [false, true]) {
    const { sent } = twoTalkspurts(frozen);
    const first = sent[105];
    assert.ok(first && sent[104]?.silent === true);
    const { placed } = record(deliver(sent, (packet) => (packet === first ? 2 * LOOK_AHEAD_SAMPLES : 0)));
    assert.deepEqual(
      placed.filter((packet) => packet.patched).map((packet) => packet.sentAt),
      [first.sentAt],
    );
    assert.equal(errorsOf(placed).worstMs, 0, `frozen: ${frozen}`);
  }
});

test("the late first packet of a sender whose clock stands still in pauses without silence frames goes there too", () => {
  const { sent } = new Sender()
    .speak(2 * SECOND)
    .pause(SECOND / 2, true)
    .speak(2 * SECOND);
  const first = sent[100];
  const { placed } = record(deliver(sent, (packet) => (packet === first ? 1.5 * SECOND : 0)));
  assert.deepEqual(
    placed.filter((packet) => packet.patched).map((packet) => packet.sentAt),
    [first?.sentAt],
  );
  assert.equal(errorsOf(placed).worstMs, 0);
});

test("an anchor that was taken too late comes down inside speech, and nothing is cut", () => {
  // The first 1.5 s are 70 ms later than all that follows: more than can be placed again.
  const { sent } = new Sender().speak(25 * SECOND);
  const { placed } = record(deliver(sent, ({ sentAt }) => (sentAt < 2.5 * SECOND ? 3_360 : 0)));
  assert.equal(placed.length, sent.length);
  assert.ok(errorMs(placed[0] ?? assert.fail()) > 60, "it was");
  const shared = placed.map((packet, at) => (placed[at - 1]?.end ?? packet.start) - packet.start);
  assert.equal(Math.max(...shared), CROSSFADE_SAMPLES, "a crossfade of 5 ms");
  assert.equal(shared.filter((samples) => samples > 0).length, 1, "once");
  for (const { start, end, samples } of placed)
    assert.ok(Math.abs(end - start - samples) <= samples / 192 + 1, "5 ‰ at most");
  const { worstMs } = errorsOf(placed, 20 * SECOND);
  assert.ok(worstMs <= 2, `${worstMs} ms`);
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
    retract: () => assert.fail(),
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
