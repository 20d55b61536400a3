import assert from "node:assert/strict";
import { test } from "node:test";
import { besiege } from "../capture/besieged-tap.ts";
import { pickSeed } from "../capture/seeded-random.ts";

/** Twice, so a million in all. */
const DATAGRAMS = 500_000;
/** The hold queue's 48 MiB, its entries' objects, and decryption's buffers that the collector has not returned yet. */
const MAX_GROWN_BYTES = 160 * 1_048_576;

for (const dave of [true, false]) {
  test(
    `${DATAGRAMS} hostile datagrams are each counted once and harm nobody, in bounded memory, DAVE ${dave ? "on" : "off"}`,
    { timeout: 300_000 },
    async (t) => {
      const seed = pickSeed();
      t.diagnostic(`SEED=${seed}`);
      const siege = await besiege(dave, DATAGRAMS, seed);
      t.diagnostic(JSON.stringify(siege));
      assert.ok(siege.grownBytes < MAX_GROWN_BYTES, `${siege.grownBytes} bytes more than before`);
    },
  );
}
