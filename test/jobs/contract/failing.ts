import assert from "node:assert/strict";
import { RecorderError } from "../../../src/errors.ts";
import { PermanentFailure } from "../../../src/jobs/job-runner.ts";
import { sleep } from "../../support/wait.ts";
import { processors, reaches } from "./place.ts";
import type { Promised } from "./place.ts";

/** Jobs that fail: tried again, or given up with their error. */
export function failing(promise: Promised): void {
  promise("a job that fails is tried again after growing pauses, and then succeeds", async (place) => {
    const begunAtMs: number[] = [];
    const attempts: number[] = [];
    await using runner = await place.start({
      processors: processors({
        finish: async (_data, { attempt }) => {
          begunAtMs.push(performance.now());
          attempts.push(attempt);
          if (attempts.length < 4) throw new Error("not yet");
        },
      }),
    });
    const id = await runner.enqueue("finish", { recordingId: "r1" });
    await reaches(runner, id, "done");
    assert.deepEqual(attempts, [1, 2, 3, 4]);
    const pauses = begunAtMs.slice(1).map((time, index) => time - (begunAtMs[index] ?? 0));
    // The first pause is 20 ms here: at least half of 20, 80 and 320; a millisecond is lost to rounding.
    for (const [index, least] of [10, 40, 160].entries())
      assert.ok((pauses[index] ?? 0) >= least - 1, `pauses: ${pauses.join(", ")}`);
  });

  promise("a job that fails as often as it may has failed, with its last error", async (place) => {
    let runs = 0;
    await using runner = await place.start({
      processors: processors({
        finish: async () => {
          runs += 1;
          throw new RecorderError("E-DISK", `The disk is full (${runs}).`, "Free some space.");
        },
      }),
    });
    const id = await runner.enqueue("finish", { recordingId: "r1" }, { attempts: 3 });
    const { error } = await reaches(runner, id, "failed");
    assert.equal(runs, 3);
    assert.equal(error.code, "E-DISK");
    assert.equal(error.message, "The disk is full (3).");
    assert.equal(error.remedy, "Free some space.");
  });

  promise("an unforeseen error keeps its details", async (place) => {
    await using runner = await place.start({ processors: processors({}) });
    const id = await runner.enqueue("finish", { recordingId: "r1" }, { attempts: 1 });
    const { error } = await reaches(runner, id, "failed");
    assert.equal(error.code, "E-INTERNAL");
    assert.match(error.detail, /this job was not expected/);
  });

  promise("a permanent failure is not tried again", async (place) => {
    let runs = 0;
    await using runner = await place.start({
      processors: processors({
        finish: async () => {
          runs += 1;
          throw new PermanentFailure(new RecorderError("E-MANIFEST", "It is damaged.", "Mend it."));
        },
      }),
    });
    const id = await runner.enqueue("finish", { recordingId: "r1" });
    const { error } = await reaches(runner, id, "failed");
    assert.equal(error.code, "E-MANIFEST");
    await sleep(200);
    assert.equal(runs, 1);
  });
}
