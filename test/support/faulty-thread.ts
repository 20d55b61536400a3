/**
 * Threads that die on demand, for a process started with `node --import ./test/support/faulty-thread.ts`. The file named
 * by `FAULTY_THREAD` says which one and how, such as `writer memory`, and is removed as it happens. `throw`: an exception
 * that nobody catches; `reject`: a rejection that nobody handles; `exit`: the thread ends itself; `memory`: it takes
 * memory until it is refused; `stall`: it does nothing until the file is gone, and a file beside it, `….stalled`, says so.
 */
import type * as fs from "node:fs";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { isMainThread, parentPort, threadName } from "node:worker_threads";

const file = process.env["FAULTY_THREAD"];
const thread = isMainThread ? "main" : threadName;
const wait = Atomics.wait.bind(Atomics);

if (file !== undefined) {
  if (thread === "main" || thread === "capture") setInterval(() => obey(file), 20).unref();
  // Its loop never returns to the event loop; between two rounds it sleeps on the queue.
  if (thread === "writer") Object.assign(Atomics, { wait: after(() => obey(file), wait) });
  if (thread === "recovery") {
    // In the middle of a folder. What the disk throws is caught there, so an exception comes when the folder is done and
    // nobody knows.
    const disk: typeof fs = createRequire(import.meta.url)("node:fs");
    const { ftruncateSync } = disk;
    disk.ftruncateSync = after(() => demanded(file) !== "throw" && obey(file), ftruncateSync);
    syncBuiltinESMExports();
    if (parentPort !== null)
      parentPort.postMessage = after(() => obey(file), parentPort.postMessage.bind(parentPort));
  }
}

function after<Arguments extends unknown[], Result>(
  action: () => unknown,
  operation: (...args: Arguments) => Result,
): (...args: Arguments) => Result {
  return (...args) => {
    action();
    return operation(...args);
  };
}

/** What this thread is told to do; empty if nothing. */
function demanded(file: string): string {
  try {
    const [whom, how = ""] = readFileSync(file, "utf8").split(" ");
    return whom === thread ? how : "";
  } catch {
    return "";
  }
}

function obey(file: string): void {
  const how = demanded(file);
  if (how === "") return;
  if (how === "stall") {
    writeFileSync(`${file}.stalled`, "");
    return stallWhile(() => demanded(file) === "stall");
  }
  rmSync(file);
  if (how === "exit") process.exit(1);
  if (how === "memory") hoard();
  const failure = new Error(`The ${thread} thread was told to fail.`);
  if (how !== "reject") throw failure;
  void Promise.reject(failure);
}

function stallWhile(condition: () => boolean): void {
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  while (condition()) wait(nobody, 0, 0, 5);
}

function hoard(): never {
  const hoarded: number[][] = [];
  for (;;) hoarded.push(Array.from({ length: 100_000 }, Math.random));
}
