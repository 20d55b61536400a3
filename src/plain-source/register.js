/**
 * Loaded by `npm start` before the program and, with its options, before each of its threads. Where a thread loads
 * TypeScript, Node takes a compiler of 12 MB along and keeps it; so a process that ends at once takes the types away, for
 * all threads. They are all of one version, too, whatever happens to the files after the start. JavaScript, because
 * otherwise it would need what it is to spare.
 */
import { execFileSync } from "node:child_process";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";

const KEY = "plain source";
const DEADLINE_MS = 20_000;
const MOST_BYTES = 64_000_000;

if (isMainThread) setEnvironmentData(KEY, strip());

/** @type {Record<string, string> | undefined} */
const sources = getEnvironmentData(KEY);
registerHooks({
  load(url, context, next) {
    const source = sources?.[url];
    return source === undefined ? next(url, context) : { format: "module", source, shortCircuit: true };
  },
});

/** Undefined, with a warning, where it cannot be done: Node takes the types away by itself then, thread by thread. */
function strip() {
  try {
    const program = fileURLToPath(new URL("./strip.ts", import.meta.url));
    const printed = execFileSync(process.execPath, [program], {
      env: {},
      encoding: "utf8",
      maxBuffer: MOST_BYTES,
      timeout: DEADLINE_MS,
      stdio: ["ignore", "pipe", "pipe"],
    });
    return JSON.parse(printed);
  } catch (error) {
    process.emitWarning("The types could not be taken away before the start: each thread needs 12 MB more.", {
      type: "PlainSource",
      detail: String(error),
    });
    return undefined;
  }
}
