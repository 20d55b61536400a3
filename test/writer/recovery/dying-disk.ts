/**
 * A disk that takes no change any more from its Nth on, as if the process had been killed there. It sits below the code
 * under test, in `node:fs`; every change is synchronous, so what came before is all that a kill would leave.
 */
import type * as fs from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";

/** `torn`: the first half of the change happens, where it is a write. `kill`: what ends the process; throws otherwise. */
export type Death = { readonly at: number; readonly how: "clean" | "torn"; readonly kill?: () => void };

type PositionalWrite = (
  fd: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  position: number,
) => number;

/** The module object behind `import`: what is set here is what everybody gets. */
const disk: typeof fs = createRequire(import.meta.url)("node:fs");

/** Does this on such a disk; how many changes there were, the fatal one included, and whether it died of it. */
export function onDyingDisk(
  death: Death | undefined,
  action: () => void,
): { readonly changes: number; readonly died: boolean } {
  const { writeSync, writeFileSync, openSync, ftruncateSync, fdatasyncSync, fsyncSync } = disk;
  const { renameSync, rmSync, mkdirSync } = disk;
  const healthy = { writeSync, writeFileSync, openSync, ftruncateSync, fdatasyncSync, fsyncSync };
  const folders = { renameSync, rmSync, mkdirSync };
  const dead = new Error("the process is dead");
  let changes = 0;
  const dying = <Operation extends (...args: never[]) => unknown>(
    operation: Operation,
    half: (...args: Parameters<Operation>) => void = () => {},
  ): Operation =>
    ((...args: Parameters<Operation>) => {
      if (death !== undefined && changes >= death.at) throw dead;
      changes += 1;
      if (changes !== death?.at) return operation(...args);
      if (death.how === "torn") half(...args);
      death.kill?.();
      throw dead;
    }) as Operation;
  Object.assign(disk, {
    writeSync: dying(writeSync as PositionalWrite, (fd, bytes, offset, length, position) => {
      writeSync(fd, bytes, offset, Math.floor(length / 2), position);
    }),
    writeFileSync: dying(writeFileSync as (fd: number, text: string) => void, (fd, text) => {
      writeSync(fd, text.slice(0, text.length / 2));
    }),
    openSync: dying(openSync),
    ftruncateSync: dying(ftruncateSync),
    fdatasyncSync: dying(fdatasyncSync),
    fsyncSync: dying(fsyncSync),
    renameSync: dying(renameSync),
    rmSync: dying(rmSync),
    mkdirSync: dying(mkdirSync),
  });
  syncBuiltinESMExports();
  try {
    action();
    return { changes, died: false };
  } catch (error) {
    if (error !== dead) throw error;
    return { changes, died: true };
  } finally {
    Object.assign(disk, healthy, folders);
    syncBuiltinESMExports();
  }
}
