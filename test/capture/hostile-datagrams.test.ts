import { test } from "node:test";
import { besiege } from "./besieged-tap.ts";
import { pickSeed } from "./seeded-random.ts";

const DATAGRAMS = 20_000;

for (const dave of [true, false]) {
  test(
    `${DATAGRAMS} hostile datagrams are each counted once and harm nobody, DAVE ${dave ? "on" : "off"}`,
    { timeout: 180_000 },
    async (t) => {
      const seed = pickSeed();
      t.diagnostic(`SEED=${seed} ${JSON.stringify(await besiege(dave, DATAGRAMS, seed))}`);
    },
  );
}
