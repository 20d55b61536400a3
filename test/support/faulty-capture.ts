/**
 * A capture thread that dies on demand, for a process started with `node --import ./test/support/faulty-capture.ts`. The
 * file named by `FAULTY_CAPTURE` says how, and is removed as it happens: `throw`, an exception that nobody catches;
 * `exit`, the thread ends itself; `memory`, it takes memory until it is refused.
 */
import { readFileSync, rmSync } from "node:fs";
import { isMainThread, threadName } from "node:worker_threads";

const trigger = process.env["FAULTY_CAPTURE"];
if (!isMainThread && threadName === "capture" && trigger !== undefined) {
  setInterval(() => {
    const demand = demanded(trigger);
    if (demand === "") return;
    rmSync(trigger);
    if (demand === "exit") process.exit(1);
    if (demand === "memory") hoard();
    throw new Error("The capture thread was told to fail.");
  }, 20).unref();
}

function demanded(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function hoard(): never {
  const hoarded: number[][] = [];
  for (;;) hoarded.push(Array.from({ length: 100_000 }, Math.random));
}
