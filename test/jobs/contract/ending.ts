import assert from "node:assert/strict";
import type { Processor } from "../../../src/jobs/job-runner.ts";
import { eventually, sleep } from "../../support/wait.ts";
import { endless, processors, reaches } from "./place.ts";
import type { Promised } from "./place.ts";

/** Jobs whose runner is drained, or whose process crashes. */
export function ending(promise: Promised): void {
  promise("draining lets running jobs end and begins no more", async (place) => {
    const ran: string[] = [];
    const end = Promise.withResolvers<void>();
    const finish: Processor = async ({ recordingId }) => {
      ran.push(recordingId);
      await end.promise;
    };
    await using first = await place.start({ processors: processors({ finish }), concurrency: 1 });
    await first.enqueue("finish", { recordingId: "r1" });
    await eventually("it runs", () => ran.length === 1);
    const drained = first.drain(30_000);
    await first.enqueue("finish", { recordingId: "r2" });
    setTimeout(() => end.resolve(), 300);
    await drained;
    assert.equal((await first.state("finish-r1"))?.kind, "done");
    assert.equal((await first.state("finish-r2"))?.kind, "waiting");
    await first.close();
    assert.deepEqual(ran, ["r1"]);
    await using second = await place.start({ processors: processors({ finish }) });
    await reaches(second, "finish-r2", "done");
  });

  promise("draining with too little time stops a job, which the next start runs again", async (place) => {
    let runs = 0;
    await using first = await place.start({
      processors: processors({
        finish: endless(() => {
          runs += 1;
        }),
      }),
    });
    const id = await first.enqueue("finish", { recordingId: "r1" }, { attempts: 1 });
    await eventually("it runs", () => runs === 1);
    await first.drain(100);
    assert.equal((await first.state(id))?.kind, "waiting");
    await first.close();
    await first.close();
    let attempt = 0;
    await using second = await place.start({
      processors: processors({
        finish: async (_data, context) => {
          attempt = context.attempt;
        },
      }),
    });
    await reaches(second, id, "done");
    assert.equal(attempt, 2);
  });

  promise("a job whose process ends by an exception every time is given up", async (place) => {
    let begun = 0;
    let crashes = 0;
    const finish = endless(() => {
      begun += 1;
    });
    await using client = await place.start({ processors: undefined });
    const id = await client.enqueue("finish", { recordingId: "r1" }, { attempts: 3 });
    for (; crashes < 10 && (await client.state(id))?.kind === "waiting"; crashes += 1) {
      let crashing = false;
      await using runner = await place.start({
        processors: processors({ finish }),
        crashing: () => crashing,
      });
      await eventually("it runs", () => begun > crashes);
      crashing = true;
      assert.equal((await runner.state(id))?.kind, "active");
    }
    const { error } = await reaches(client, id, "failed");
    assert.equal(error.code, "E-JOB-INTERRUPTED");
    assert.equal(crashes, 3, "each counts as a try");
  });

  promise("nothing begins in a process that ends by an exception, nor is blamed for it", async (place) => {
    let crashing = false;
    let begun = 0;
    const finish = endless(() => {
      begun += 1;
    });
    {
      await using runner = await place.start({
        processors: processors({ finish }),
        crashing: () => crashing,
      });
      crashing = true;
      await runner.enqueue("finish", { recordingId: "r1" }, { attempts: 1 });
      await sleep(300);
      assert.equal(begun, 0);
    }
    await using runner = await place.start({ processors: processors({ finish: () => Promise.resolve() }) });
    await reaches(runner, "finish-r1", "done");
  });

  promise("a scheduled job in which the process crashes waits for its next turn", async (place) => {
    let begun = 0;
    const expire = endless(() => {
      begun += 1;
    });
    let crashing = false;
    const start = async () => {
      const runner = await place.start({
        processors: processors({ expire }),
        crashing: () => crashing,
      });
      await runner.schedule("expire", 60_000);
      return runner;
    };
    {
      await using _first = await start();
      await eventually("it runs", () => begun === 1);
      crashing = true;
    }
    crashing = false;
    await using second = await start();
    await sleep(300);
    assert.equal((await second.state("expire-scheduled"))?.kind, "waiting");
    assert.equal(begun, 1);
  });
}
