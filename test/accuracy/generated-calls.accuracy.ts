import assert from "node:assert/strict";
import { after, test } from "node:test";
import { pickSeed, SeededRandom } from "../capture/seeded-random.ts";
import { decodeWithSox } from "../support/wav-readers.ts";
import { WriterSetup } from "../writer/recording-setup.ts";
import { balances } from "../../src/recordings/counts.ts";
import { VOICES } from "./chirps.ts";
import { codecDelay } from "./codec-delay.ts";
import { craigTrack } from "./craig.ts";
import { assertWithinBounds, table } from "./error-table.ts";
import type { Row } from "./error-table.ts";
import { carry } from "./network.ts";
import type { Weather } from "./network.ts";
import { positionError } from "./position-error.ts";
import { record } from "./recorded.ts";
import { utterances } from "./utterances.ts";
import type { Utterances } from "./utterances.ts";

const SECONDS = 600;
const FAIR: Weather = { jitterMs: 3 };
const STEADY = [0, 0, 0, 0];
const DRIFTING = [100, -100, 50, -50];

const SCENARIOS: readonly {
  readonly name: string;
  readonly weather: Weather;
  /** Of each speaker. */
  readonly clocksPpm: readonly number[];
  readonly manner: "speech" | "music";
}[] = [
  { name: "clean", weather: { jitterMs: 0 }, clocksPpm: STEADY, manner: "speech" },
  { name: "jitter 30 ms", weather: { jitterMs: 30 }, clocksPpm: STEADY, manner: "speech" },
  {
    name: "2 % lost, 2 % reordered, 2 % twice, 0.2 % 300 ms late",
    weather: { jitterMs: 3, loss: 0.02, reorder: 0.02, duplicate: 0.02, late: 0.002 },
    clocksPpm: STEADY,
    manner: "speech",
  },
  { name: "clocks ±100 ppm, speech", weather: FAIR, clocksPpm: DRIFTING, manner: "speech" },
  { name: "clocks ±100 ppm, music", weather: FAIR, clocksPpm: DRIFTING, manner: "music" },
];

const seed = pickSeed();
const delay = codecDelay();
const rows: Row[] = [];
const said = new Map<string, readonly Utterances[]>();

/** What the four people say, encoded once for all scenarios of a manner. */
function saidIn(manner: "speech" | "music"): readonly Utterances[] {
  const known = said.get(manner);
  if (known !== undefined) return known;
  const all = Array.from({ length: VOICES }, (_, voice) =>
    utterances(voice, SECONDS, manner, new SeededRandom(seed + voice)),
  );
  said.set(manner, all);
  return all;
}

for (const { name, weather, clocksPpm, manner } of SCENARIOS) {
  test(
    `${SECONDS / 60} minutes, ${name}: sounds are where they were said`,
    { timeout: 180_000 },
    async (t) => {
      t.diagnostic(`SEED=${seed}`);
      const random = new SeededRandom(seed);
      const carried = saidIn(manner).map((utterances, speaker) =>
        carry(utterances, speaker, clocksPpm[speaker] ?? 0, weather, random),
      );
      const arrivals = carried.flatMap(({ arrivals }) => arrivals).sort((a, b) => a.arrival - b.arrival);
      await using setup = await WriterSetup.start();
      const { files, samples, counts } = await record(setup, arrivals, VOICES);
      const ours = positionError(
        carried.map(({ chirps }, voice) => ({
          voice,
          said: chirps,
          track: decodeWithSox(files[voice] ?? ""),
        })),
        delay.samples,
      );
      const craigs = positionError(
        carried.map(({ chirps, arrivals }, voice) => ({ voice, said: chirps, track: craigTrack(arrivals) })),
        delay.samples,
      );
      rows.push({ name, ours, craigs });
      t.diagnostic(JSON.stringify(counts.map((one) => Object.entries(one).filter(([, count]) => count > 0))));

      assert.equal(new Set(samples).size, 1, "all tracks are of one length");
      for (const one of counts) assert.ok(balances(one) && one.dropped === 0, JSON.stringify(one));
      assertWithinBounds(ours);
    },
  );
}

after(() => {
  console.log(`Opus delays by ${delay.samples} samples; sounds are found to ±${delay.spread} samples.\n`);
  console.log(table(rows));
});
