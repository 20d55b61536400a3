/**
 * Blocks the main thread for 250 ms in every second while the file named by BENCH_PAUSE exists: what collecting a big
 * cache, a synchronous query or a ZIP on that thread does to a bot.
 */
import { isMainThread } from "node:worker_threads";
import { Fault, block } from "./held.ts";

const PAUSE_MS = 250;
const EVERY_MS = 1_000;

const trigger = process.env["BENCH_PAUSE"];
if (isMainThread && trigger !== undefined) {
  const fault = new Fault(trigger);
  setInterval(() => {
    if (!fault.isOn) return;
    block(PAUSE_MS);
    fault.happened(PAUSE_MS);
  }, EVERY_MS).unref();
}
