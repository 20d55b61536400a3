import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../support/wait.ts";
import { Netem } from "./netem.ts";
import type { NetworkConditions } from "./netem.ts";

const PACKETS = 20_000;

/** The numbers of those packets that came through. */
function passed(conditions: NetworkConditions): { readonly netem: Netem; readonly numbers: number[] } {
  const netem = new Netem(conditions);
  const numbers: number[] = [];
  for (let number = 0; number < PACKETS; number++) {
    const datagram = Buffer.alloc(4);
    datagram.writeUInt32BE(number);
    netem.pass(datagram, (came) => numbers.push(came.readUInt32BE(0)));
  }
  return { netem, numbers };
}

test("burst loss takes runs of packets, as long and as often as asked for, the same ones for the same seed", () => {
  const conditions = { seed: 7, burstLoss: { begins: 0.01, ends: 0.2 } };
  const { netem, numbers } = passed(conditions);
  const runs: number[] = [];
  let previous = -1;
  for (const number of numbers) {
    if (number > previous + 1) runs.push(number - previous - 1);
    previous = number;
  }
  assert.equal(netem.totals.lost, PACKETS - numbers.length);
  // A run that begins right after another looks like one.
  assert.ok(netem.totals.bursts - runs.length < 10, `${netem.totals.bursts} bursts, ${runs.length} runs`);
  const mean = netem.totals.lost / netem.totals.bursts;
  assert.ok(Math.abs(mean - 5) < 1, `runs of ${mean} packets`);
  assert.ok(Math.max(...runs) > 15, "some are long");
  assert.deepEqual(passed(conditions).numbers, numbers);
  assert.notDeepEqual(passed({ ...conditions, seed: 8 }).numbers, numbers);
});

test("rare packets come very late, none is lost", async () => {
  const { netem, numbers } = passed({ seed: 3, veryLate: 0.001, veryLateMs: 100 });
  const early = numbers.length;
  assert.ok(netem.totals.veryLate > 5);
  assert.equal(early, PACKETS - netem.totals.veryLate);
  await eventually("the late ones come", () => numbers.length === PACKETS);
  assert.ok(numbers.slice(early).every((number) => number < PACKETS - 1));
  assert.equal(new Set(numbers).size, PACKETS);
});
