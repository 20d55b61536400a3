import assert from "node:assert/strict";
import { EVERY_RECORDING } from "../../../src/jobs/job-runner.ts";
import type { JobData } from "../../../src/jobs/job-runner.ts";
import { eventually, sleep } from "../../support/wait.ts";
import { processors, reaches } from "./place.ts";
import type { Promised } from "./place.ts";

/** Jobs that run: once, in order of their ids, no more at a time than allowed, seen from outside. */
export function running(promise: Promised): void {
  promise("a job runs once, with its data, and is done", async (place) => {
    const seen: JobData[] = [];
    await using runner = await place.start({
      processors: processors({
        finish: async (data) => {
          seen.push(data);
        },
      }),
    });
    const id = await runner.enqueue("finish", { recordingId: "r1" });
    assert.equal(id, "finish-r1");
    const state = await reaches(runner, id, "done");
    assert.ok(Math.abs(state.endedAtMs - Date.now()) < 60_000);
    assert.deepEqual(seen, [{ recordingId: "r1" }]);
    assert.equal(await runner.state("finish-r2"), undefined);
  });

  promise(
    "an id that is known is no second job, until it has ended and is asked for again",
    async (place) => {
      let runs = 0;
      await using runner = await place.start({
        processors: processors({
          finish: async () => {
            runs += 1;
            await sleep(100);
          },
        }),
      });
      const requests = await Promise.all(
        Array.from({ length: 20 }, () => runner.enqueue("finish", { recordingId: "r1" })),
      );
      assert.deepEqual(new Set(requests), new Set(["finish-r1"]));
      await reaches(runner, "finish-r1", "done");
      await runner.enqueue("finish", { recordingId: "r1" });
      await sleep(300);
      assert.equal(runs, 1);
      await runner.enqueue("finish", { recordingId: "r1" }, { again: true });
      await eventually("the second run", () => runs === 2);
      await reaches(runner, "finish-r1", "done");
      await runner.enqueue("finish", { recordingId: "r1" }, { id: "another" });
      await reaches(runner, "another", "done");
      assert.equal(runs, 3);
    },
  );

  promise("progress is seen from outside, bounded to 0 and 1", async (place) => {
    const step = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    await using runner = await place.start({
      processors: processors({
        finish: async (_data, context) => {
          context.progress(0.5);
          context.progress(Number.NaN);
          await step.promise;
          context.progress(7);
          await end.promise;
        },
      }),
    });
    await using watcher = await place.start({ processors: undefined });
    const id = await runner.enqueue("finish", { recordingId: "r1" });
    const at = (fraction: number) =>
      eventually(`progress ${fraction}`, async () => {
        const state = await watcher.state(id);
        return state?.kind === "active" && state.attempt === 1 && state.progress === fraction;
      });
    await at(0.5);
    step.resolve();
    await at(1);
    end.resolve();
    await reaches(watcher, id, "done");
  });

  promise("no more jobs run at a time than allowed, and as many do", async (place) => {
    let atATime = 0;
    let most = 0;
    let runs = 0;
    await using runner = await place.start({
      concurrency: 3,
      processors: processors({
        finish: async () => {
          atATime += 1;
          most = Math.max(most, atATime);
          // However long it takes to begin them.
          await eventually("three at a time", () => most >= 3);
          await sleep(100);
          atATime -= 1;
          runs += 1;
        },
      }),
    });
    for (let job = 0; job < 12; job += 1) await runner.enqueue("finish", { recordingId: `r${job}` });
    await eventually("all twelve", () => runs === 12);
    assert.equal(most, 3);
  });

  promise("a thousand jobs go through, each exactly once", async (place) => {
    const runs = new Map<string, number>();
    await using runner = await place.start({
      concurrency: 8,
      processors: processors({
        archive: async ({ recordingId }) => {
          runs.set(recordingId, (runs.get(recordingId) ?? 0) + 1);
        },
      }),
    });
    await Promise.all(
      Array.from({ length: 1_000 }, (_unused, job) => runner.enqueue("archive", { recordingId: `r${job}` })),
    );
    await eventually("a thousand", () => runs.size === 1_000);
    await reaches(runner, "archive-r999", "done");
    assert.ok([...runs.values()].every((count) => count === 1));
  });

  promise("data and ids that do not fit are refused before they are written down", async (place) => {
    await using runner = await place.start({ processors: undefined });
    await assert.rejects(runner.enqueue("finish", { recordingId: "../../etc" }));
    await assert.rejects(runner.enqueue("finish", { recordingId: EVERY_RECORDING }));
    await assert.rejects(runner.enqueue("finish", { recordingId: "r1" }, { id: "a:b" }));
    await assert.rejects(runner.enqueue("finish", { recordingId: "r1" }, { id: "17" }));
  });
}
