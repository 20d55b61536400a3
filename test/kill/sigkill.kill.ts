import assert from "node:assert/strict";
import { test } from "node:test";
import { pickSeed, SeededRandom } from "../capture/seeded-random.ts";
import { Call } from "../support/call.ts";
import { assertAllIsWell } from "./aftermath.ts";
import { distribution } from "./distribution.ts";
import { Lag } from "./lag.ts";
import { planKills } from "./kill-plan.ts";
import type { Kill } from "./kill-plan.ts";
import { killOnce } from "./one-kill.ts";
import type { Outcome } from "./one-kill.ts";
import { Talker } from "./talk.ts";

const KILLS = Number(process.env["KILLS"] ?? 200);
/** Calls at once, each with its own bot: half of them encrypted. */
const CALLS = 4;
const SEED = pickSeed();

/** One call after another's death, on the same bot's data; a kill that ends badly is noted, and a new call goes on. */
async function dieAgainAndAgain(
  kills: readonly Kill[],
  dave: boolean,
  lag: Lag,
  failures: string[],
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting = [...kills];
  while (waiting.length > 0) {
    try {
      const startedMs = performance.now();
      await using call = await Call.start({ dave });
      const talkers = [
        new Talker(call.addHost("Anna"), 0),
        new Talker(call.discord.addPerson("Ben"), 1),
      ] as const;
      const scene = { call, talkers, lag, startupMs: performance.now() - startedMs };
      for (let kill = waiting.shift(); kill !== undefined; kill = waiting.shift()) {
        const what = `${JSON.stringify(kill)}, DAVE ${dave ? "on" : "off"}`;
        try {
          const outcome = await killOnce(scene, kill);
          outcomes.push(outcome);
          console.log(`${what}: ${JSON.stringify(outcome)}`);
        } catch (error) {
          failures.push(`${what}: ${describe(error)}\n${call.bot.output.slice(-3_000)}`);
          break;
        }
      }
      if (failures.length === 0) await assertAllIsWell(call);
    } catch (error) {
      failures.push(describe(error));
    }
  }
  return outcomes;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

test(
  `${KILLS} times killed at any instant: at most 2 s of each voice lost, every recording ended or gone on with (seed ${SEED})`,
  { timeout: 180_000 + KILLS * 15_000 },
  async (t) => {
    const kills = planKills(KILLS, new SeededRandom(SEED));
    const failures: string[] = [];
    using lag = new Lag();
    const beganAtMs = Date.now();
    const lanes = Array.from({ length: CALLS }, (_, lane) =>
      dieAgainAndAgain(
        kills.filter((_, index) => index % CALLS === lane),
        lane % 2 === 0,
        lag,
        failures,
      ),
    );
    const outcomes = (await Promise.all(lanes)).flat();
    for (const line of distribution(outcomes)) t.diagnostic(line);
    t.diagnostic(`longest wait of this process for the processor: ${Math.round(lag.worstMs(beganAtMs))} ms`);
    assert.equal(failures.length, 0, `seed ${SEED}\n${failures.join("\n\n")}`);
    assert.equal(outcomes.length, KILLS);
  },
);
