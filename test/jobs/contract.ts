import assert from "node:assert/strict";
import { test } from "node:test";
import { RecorderError } from "../../src/errors.ts";
import { EVERY_RECORDING, PermanentFailure } from "../../src/jobs/job-runner.ts";
import type {
  JobContext,
  JobData,
  JobRunner,
  JobState,
  Processor,
  Processors,
} from "../../src/jobs/job-runner.ts";
import { eventually, sleep } from "../support/wait.ts";

/** What every runner promises, as tests. The figures of time are bounds on hanging, not on speed. */

export type StartOptions = {
  readonly processors: Processors | undefined;
  readonly concurrency?: number;
  readonly crashing?: () => boolean;
};

/** Where the runners of one test keep their jobs. */
export type Place = {
  /** A runner on this place: the first one's, or another process's in effect. */
  start(options: StartOptions): Promise<JobRunner>;
} & AsyncDisposable;

const options = { timeout: 60_000 };

async function unexpected(): Promise<void> {
  throw new Error("this job was not expected");
}

/** Processors of which only those given do anything. */
export function processors(given: Partial<Processors>): Processors {
  return { finish: unexpected, expire: unexpected, archive: unexpected, ...given };
}

/** Resolves when the job has come to this state. */
export function reaches<Kind extends JobState["kind"]>(runner: JobRunner, id: string, kind: Kind) {
  return eventually(
    `${id} is ${kind}`,
    async () => {
      const state = await runner.state(id);
      return state !== undefined && state.kind === kind
        ? (state as Extract<JobState, { kind: Kind }>)
        : undefined;
    },
    30_000,
  );
}

/** A processor that runs until its signal. */
function endless(begun: (data: JobData, context: JobContext) => void): Processor {
  return async (data, context) => {
    begun(data, context);
    await new Promise((_resolve, reject) => {
      context.signal.addEventListener("abort", () => reject(context.signal.reason), { once: true });
    });
  };
}

/** Registers the contract's tests for one kind of runner. */
export function contract(kind: string, open: () => Promise<Place>, skip: string | false = false): void {
  const promise = (name: string, run: (place: Place) => Promise<void>): void => {
    test(`${kind}: ${name}`, { ...options, skip }, async () => {
      await using place = await open();
      await run(place);
    });
  };

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

  promise("a waiting job that is cancelled never begins", async (place) => {
    let runs = 0;
    await using runner = await place.start({
      processors: processors({
        finish: async () => {
          runs += 1;
        },
      }),
    });
    const id = await runner.enqueue("finish", { recordingId: "r1" }, { delayMs: 500 });
    assert.equal((await runner.state(id))?.kind, "waiting");
    assert.equal(await runner.cancel(id), true);
    await reaches(runner, id, "cancelled");
    await sleep(900);
    assert.equal(runs, 0);
    assert.equal((await runner.state(id))?.kind, "cancelled");
    assert.equal(await runner.cancel(id), false, "it has ended");
    assert.equal(await runner.cancel("finish-unheard"), false, "there is none");
    await runner.enqueue("finish", { recordingId: "r1" }, { again: true });
    await reaches(runner, id, "done");
    assert.equal(runs, 1);
  });

  promise("a running job that is cancelled gets its signal, and is not tried again", async (place) => {
    let runs = 0;
    let reason: unknown;
    const begun = endless((_data, { signal }) => {
      runs += 1;
      signal.addEventListener("abort", () => {
        reason = signal.reason;
      });
    });
    await using runner = await place.start({ processors: processors({ finish: begun }) });
    const id = await runner.enqueue("finish", { recordingId: "r1" });
    await eventually("it runs", () => runs === 1);
    assert.equal(await runner.cancel(id), true);
    await reaches(runner, id, "cancelled");
    assert.ok(reason instanceof Error);
    await sleep(200);
    assert.equal(runs, 1);
  });

  promise("a running job can be cancelled by another process", async (place) => {
    let runs = 0;
    await using runner = await place.start({
      processors: processors({
        finish: endless(() => {
          runs += 1;
        }),
      }),
    });
    await using other = await place.start({ processors: undefined });
    const id = await other.enqueue("finish", { recordingId: "r1" });
    await eventually("it runs", () => runs === 1);
    assert.equal(await other.cancel(id), true);
    await reaches(other, id, "cancelled");
    assert.equal((await runner.state(id))?.kind, "cancelled");
  });

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
      await using runner = await place.start({ processors: processors({ finish }), crashing: () => true });
      await eventually("it runs", () => begun > crashes);
      assert.equal((await runner.state(id))?.kind, "active");
    }
    const { error } = await reaches(client, id, "failed");
    assert.equal(error.code, "E-JOB-INTERRUPTED");
    assert.equal(crashes, 3, "each counts as a try");
  });

  promise("a scheduled job in which the process crashes waits for its next turn", async (place) => {
    let begun = 0;
    const expire = endless(() => {
      begun += 1;
    });
    const start = async () => {
      const runner = await place.start({ processors: processors({ expire }), crashing: () => true });
      await runner.schedule("expire", 60_000);
      return runner;
    };
    {
      await using _first = await start();
      await eventually("it runs", () => begun === 1);
    }
    await using second = await start();
    await sleep(300);
    assert.equal((await second.state("expire-scheduled"))?.kind, "waiting");
    assert.equal(begun, 1);
  });

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
          await sleep(100);
          atATime -= 1;
          runs += 1;
        },
      }),
    });
    for (let job = 0; job < 12; job += 1) await runner.enqueue("finish", { recordingId: `r${job}` });
    await eventually("all twelve", () => runs === 12, 30_000);
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
    await eventually("a thousand", () => runs.size === 1_000, 40_000);
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
