/**
 * A disk that answers nobody while the file named by BENCH_STALL exists, for any of the programs, on all its threads:
 * synchronous operations block their thread, asynchronous ones are carried out when it is over. Below the program, in
 * `node:fs`, so it is the same for all; standard output is spared.
 */
import type * as Fs from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { Fault } from "./held.ts";

const trigger = process.env["BENCH_STALL"];
if (trigger !== undefined) {
  const fault = new Fault(trigger);
  // The module object behind `import`: what is set here is what everybody gets.
  const disk: typeof Fs = createRequire(import.meta.url)("node:fs");
  const isFile = (descriptor: unknown): boolean => typeof descriptor === "number" && descriptor > 2;

  const blocking = <Operation extends (...args: never[]) => unknown>(operation: Operation): Operation =>
    ((...args: never[]) => {
      if (isFile(args[0]) && fault.isOn) {
        const from = performance.now();
        fault.waitUntilOver();
        fault.happened(performance.now() - from);
      }
      return operation(...args);
    }) as Operation;

  const deferred = <Operation extends (...args: never[]) => void>(operation: Operation): Operation =>
    ((...args: never[]) => {
      if (!isFile(args[0]) || !fault.isOn) {
        operation(...args);
        return;
      }
      const from = performance.now();
      const timer = setInterval(() => {
        if (fault.isOn) return;
        clearInterval(timer);
        fault.happened(performance.now() - from);
        operation(...args);
      }, 5);
    }) as Operation;

  Object.assign(disk, {
    writeSync: blocking(disk.writeSync),
    writevSync: blocking(disk.writevSync),
    ftruncateSync: blocking(disk.ftruncateSync),
    fdatasyncSync: blocking(disk.fdatasyncSync),
    fsyncSync: blocking(disk.fsyncSync),
    write: deferred(disk.write),
    writev: deferred(disk.writev),
    ftruncate: deferred(disk.ftruncate),
    fdatasync: deferred(disk.fdatasync),
    fsync: deferred(disk.fsync),
  });
  syncBuiltinESMExports();
}
