/** How far from the ideal timeline generated histories are placed: `node test/bench/position-errors.ts [seed]`. */
import { SECOND, Sender, deliver, errorsOf, jitter, record, stall } from "../audio/packet-history.ts";
import type { Arriving, Sent } from "../audio/packet-history.ts";
import { SeededRandom } from "../capture/seeded-random.ts";

const random = new SeededRandom(Number(process.argv[2] ?? 1));
const MINUTE = 60 * SECOND;

function people(ppm: number, minutes: number, frozen = false): Sent[] {
  const sender = new Sender({ ppm });
  while (sender.at < minutes * MINUTE)
    sender
      .speak(SECOND / 2 + random.below(12 * SECOND))
      .silence()
      .pause(SECOND / 10 + random.below(8 * SECOND), frozen);
  return sender.sent;
}

function show(name: string, arriving: readonly Arriving[], from = -Infinity, to = Infinity): void {
  const outcome = record(arriving);
  const { medianMs, p99Ms, worstMs, lastMs } = errorsOf(outcome.placed, from, to);
  const missing = arriving.length - outcome.placed.length - outcome.duplicate;
  const figures = [medianMs, p99Ms, worstMs, lastMs].map((ms) => ms.toFixed(2).padStart(9)).join("");
  console.log(name.padEnd(44), figures, String(missing).padStart(6));
}

console.log("history".padEnd(44), "   median      p99    worst     last missing (ms; packets)");
const noise = jitter(random);
for (const ppm of [-80, 0, 80])
  show(
    `people, 30 min, ${ppm} ppm, jitter, 1 % loss`,
    deliver(people(ppm, 30), () => (random.next() < 0.01 ? undefined : noise())),
  );
show(
  "people, 10 min, 2 % come 300 ms late",
  deliver(people(30, 10), () => noise() + (random.next() < 0.02 ? 14_400 : 0)),
);
show(
  "people, 10 min, 2 % come up to 2 s late",
  deliver(people(30, 10), () => noise() + (random.next() < 0.02 ? random.below(2 * SECOND) : 0)),
);
show("bot, frozen timestamps, 30 min", deliver(people(30, 30, true), noise));
for (const ppm of [-100, -80, -20, 20, 80, 100])
  show(
    `music without a pause, 60 min, ${ppm} ppm`,
    deliver(new Sender({ ppm }).speak(60 * MINUTE).sent, noise),
  );
for (const ppm of [0, 60]) {
  const from = 5 * MINUTE;
  for (const lastsMs of [5_000, 30_000, 60_000]) {
    const crowded = ({ sentAt }: Sent): boolean => sentAt >= from && sentAt < from + lastsMs * 48;
    show(
      `music 20 min, ${ppm} ppm, +40 ms for ${lastsMs / 1000} s`,
      deliver(
        new Sender({ ppm }).speak(20 * MINUTE).sent,
        (packet) => noise() + (crowded(packet) ? 1_920 : 0),
      ),
    );
  }
}
for (const [stallMs, rate] of [
  [500, 2],
  [900, 2],
  [1_500, 2],
  [3_000, 2],
  [3_000, 4],
  [6_000, 2],
  [3_000, 1.25],
  [3_000, 1.1],
  [10_000, 1.5],
] as const) {
  const from = 10 * SECOND;
  const drained = from + (stallMs * 48 * rate) / (rate - 1);
  const sent = new Sender().speak(drained + 60 * SECOND).sent;
  const held = stall(from, stallMs * 48, rate);
  show(
    `stall ${stallMs} ms at ${rate}x, in it`,
    deliver(sent, (packet) => held(packet) + noise() / 4),
    from,
    drained,
  );
  const again = stall(from, stallMs * 48, rate);
  show(
    `stall ${stallMs} ms at ${rate}x, after it drained`,
    deliver(sent, (packet) => again(packet) + noise() / 4),
    drained,
  );
}
for (const frozen of [false, true]) {
  const sender = new Sender()
    .speak(5 * SECOND)
    .silence()
    .pause(5 * SECOND, frozen);
  const held = stall(sender.at - SECOND / 2, 1_500 * 48, 2);
  show(
    `speech begins in a stall, frozen ${frozen}`,
    deliver(sender.speak(60 * SECOND).sent, (packet) => held(packet) + noise() / 4),
  );
}
for (const [delayMs, lastsMs] of [
  [15, 400],
  [100, 300],
  [100, 700],
  [300, 700],
  [300, 1_200],
  [100, 2_000],
] as const) {
  const sent = new Sender().speak(60 * SECOND).sent;
  const until = SECOND + lastsMs * 48;
  // No packet overtakes another.
  const late = ({ sentAt }: Sent): number => Math.max(0, Math.min(delayMs * 48, until - sentAt));
  show(
    `delay of ${delayMs} ms at first, for ${lastsMs} ms`,
    deliver(sent, (packet) => late(packet) + noise() / 4),
  );
}
for (const [peakMs, lastsMs] of [
  [200, 5_000],
  [400, 5_000],
  [400, 20_000],
  [1_200, 5_000],
] as const) {
  const from = 20 * SECOND;
  const bloat = (at: number): number => {
    const into = (at - from) / 48;
    if (into < 0) return 0;
    // Grows for 2 s, stays, drains in 2 s.
    return 48 * peakMs * Math.max(0, Math.min(1, into / 2_000, (lastsMs + 4_000 - into) / 2_000));
  };
  const sent = new Sender().speak(60 * SECOND).sent;
  show(
    `delay grows to ${peakMs} ms for ${lastsMs / 1000} s`,
    deliver(sent, ({ sentAt }) => bloat(sentAt) + noise() / 4),
  );
}
for (const jump of [9_000_000, -9_000_000, 24_000, -24_000, 9_600, -9_600]) {
  const sender = new Sender().speak(20 * SECOND);
  sender.timestamp += jump;
  const at = sender.at;
  show(
    `timestamps jump by ${jump} in speech, 1 s later`,
    deliver(sender.speak(30 * SECOND).sent, () => noise() / 4),
    at + SECOND,
  );
}
{
  const sender = new Sender();
  for (let song = 0; song < 30; song++)
    sender.speak(SECOND * 5 + random.below(5 * SECOND)).pause(SECOND / 2 + random.below(5 * SECOND), true);
  show(
    "bot, frozen timestamps, no silence frames",
    deliver(sender.sent, () => noise() / 4),
  );
}
