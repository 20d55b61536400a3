import assert from "node:assert/strict";
import { eventually, sleep } from "../../support/wait.ts";
import { endless, processors, reaches } from "./place.ts";
import type { Promised } from "./place.ts";

/** Jobs that are cancelled, waiting or running. */
export function cancelling(promise: Promised): void {
  promise("a waiting job that is cancelled never begins", async (place) => {
    let runs = 0;
    await using runner = await place.start({
      processors: processors({
        finish: async () => {
          runs += 1;
        },
      }),
    });
    const id = await runner.enqueue("finish", { recordingId: "r1" }, { delayMs: 1_500 });
    assert.equal((await runner.state(id))?.kind, "waiting");
    assert.equal(await runner.cancel(id), true);
    await reaches(runner, id, "cancelled");
    await sleep(1_900);
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

  promise("a scheduled job can be cancelled at the very moment at which it is due", async (place) => {
    await using runner = await place.start({ processors: processors({ expire: () => Promise.resolve() }) });
    for (let round = 0; round < 50; round += 1) {
      await runner.schedule("expire", 3);
      // Spread over several turns; without care one in seven meets the wrong moment.
      await sleep(round % 12);
      await runner.cancel("expire-scheduled");
      await reaches(runner, "expire-scheduled", "cancelled");
    }
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
}
