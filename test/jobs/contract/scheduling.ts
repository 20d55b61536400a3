import assert from "node:assert/strict";
import { EVERY_RECORDING } from "../../../src/jobs/job-runner.ts";
import type { JobData } from "../../../src/jobs/job-runner.ts";
import { eventually, sleep } from "../../support/wait.ts";
import { processors, reaches } from "./place.ts";
import type { Promised } from "./place.ts";

/** Jobs that come again and again. */
export function scheduling(promise: Promised): void {
  promise(
    "a scheduled job runs at once and again and again, also after a failure, never twice at a time",
    async (place) => {
      let runs = 0;
      let atATime = 0;
      let most = 0;
      const data: JobData[] = [];
      await using runner = await place.start({
        processors: processors({
          expire: async (given) => {
            data.push(given);
            atATime += 1;
            most = Math.max(most, atATime);
            await sleep(100);
            atATime -= 1;
            runs += 1;
            if (runs === 2) throw new Error("once");
          },
        }),
      });
      await runner.schedule("expire", 30);
      await runner.schedule("expire", 30);
      await eventually("five runs", () => runs >= 5);
      assert.equal(most, 1);
      assert.deepEqual(data[0], { recordingId: EVERY_RECORDING });
      await runner.schedule("expire", 3_600_000);
      await sleep(400);
      await eventually("what had begun has ended", () => atATime === 0);
      const soFar = runs;
      await sleep(400);
      assert.equal(runs, soFar, "the longer interval counts");
      assert.equal((await runner.state("expire-scheduled"))?.kind, "waiting");
      await runner.schedule("expire", 30);
      await eventually("it runs again", () => runs > soFar);
      assert.equal(await runner.cancel("expire-scheduled"), true);
      await reaches(runner, "expire-scheduled", "cancelled");
      const last = runs;
      await sleep(300);
      assert.equal(runs, last);
    },
  );
}
