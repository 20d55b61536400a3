/**
 * A disk that misbehaves on demand, for a process started with `node --import ./test/writer/faulty-disk.ts`. It sits
 * below the writer, in `node:fs` of the worker threads, so the code under test is the real one. The file named by
 * `FAULTY_DISK` says what happens: absent, nothing; `stall`, every disk operation blocks until the file is gone;
 * `stall forcing`, files are written but none reaches the disk itself until then;
 * `die`, the thread ends at the next one; `die once`, so it does, and the file is gone before another can.
 */
import * as fs from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { isMainThread } from "node:worker_threads";

const trigger = process.env["FAULTY_DISK"];
if (!isMainThread && trigger !== undefined) {
  // The module object behind `import`: what is set here is what everybody gets.
  const disk: typeof fs = createRequire(import.meta.url)("node:fs");
  const { readFileSync, rmSync } = fs;
  const breath = new Int32Array(new SharedArrayBuffer(4));
  const demand = (): string => {
    try {
      return readFileSync(trigger, "utf8");
    } catch {
      return "";
    }
  };
  const misbehave = (): void => {
    const now = demand();
    if (now === "die once") rmSync(trigger);
    if (now.startsWith("die")) process.exit(1);
    while (demand() === "stall") Atomics.wait(breath, 0, 0, 5);
  };
  const faulty = <Operation extends (...args: never[]) => unknown>(operation: Operation): Operation =>
    ((...args: never[]) => {
      misbehave();
      return operation(...args);
    }) as Operation;
  const slowToForce = (force: typeof fs.fsync) => (fd: number, done: fs.NoParamCallback) => {
    if (demand().startsWith("die")) misbehave();
    const forceUnlessStalled = (): void => {
      if (demand().startsWith("stall")) setTimeout(forceUnlessStalled, 5);
      else force(fd, done);
    };
    forceUnlessStalled();
  };
  Object.assign(disk, {
    writeSync: faulty(disk.writeSync),
    ftruncateSync: faulty(disk.ftruncateSync),
    fdatasync: slowToForce(disk.fdatasync),
    fsync: slowToForce(disk.fsync),
  });
  syncBuiltinESMExports();
}
