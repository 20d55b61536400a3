/** Stacks of a running Node process, of all its threads, by Linux' `perf`. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

/** So started, V8 tells perf the names of what it compiles. */
export const NAMED_FRAMES = { NODE_OPTIONS: "--perf-basic-prof --interpreted-frames-native-stack" };

const SAMPLES_PER_SECOND = 2_000;
/** What stands between a caller and its callee in every stack of Node, and says nothing. */
const GLUE =
  /^(Builtins_|v8::(Function|internal::(Execution|Invoke|MicrotaskQueue))|v8impl|Napi::InstanceWrap|node::(InternalMakeCallback|AsyncWrap|SpinEventLoop|NodeMainInstance|Start|worker::Worker)|start_thread|__libc_start|clone|uv_run|uv__io_poll|do_syscall|entry_SYSCALL|_start)/;

/** Profiles a process for some seconds into a file of perf's. */
export async function profile(pid: number, seconds: number, file: string): Promise<void> {
  const options = ["-F", String(SAMPLES_PER_SECOND), "-g", "-e", "cpu-clock", "-p", String(pid), "-o", file];
  await promisify(execFile)("perf", ["record", ...options, "--", "sleep", String(seconds)]);
}

/** The samples of such a file: the thread's name, then its functions, the outermost first. */
export async function* samplesIn(file: string): AsyncGenerator<readonly string[]> {
  const perf = spawn("perf", ["script", "-i", file, "-F", "comm,ip,sym"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const exited = once(perf, "exit");
  let thread: string | undefined;
  let frames: string[] = [];
  for await (const line of createInterface({ input: perf.stdout })) {
    if (line === "") {
      if (thread !== undefined) yield [thread, ...frames.toReversed()];
      thread = undefined;
      frames = [];
    } else if (thread === undefined) {
      thread = line.trim();
    } else {
      const name = nameOf(line);
      if (!GLUE.test(name)) frames.push(name);
    }
  }
  const [code] = (await exited) as [number | null];
  if (code !== 0) throw new Error(`perf script ended with ${code}.`);
}

/** `JS:*'place file:///…/src/capture/segment.ts:123:8` is `place src/capture/segment.ts`, however it was compiled. */
function nameOf(line: string): string {
  const symbol = line
    .trim()
    .replace(/^[0-9a-f]+ /, "")
    .replaceAll("(anonymous namespace)::", "");
  const script = /^(?:JS|Script|Eval):[~^+*]?'?(.*?) ?((?:file:\/\/)?[^ ]*?)(?::\d+)*$/.exec(symbol);
  if (script === null) return symbol.replace(/\(.*/, "").slice(0, 80);
  const [, called = "", place = ""] = script;
  return `${called === "" ? "(anonymous)" : called} ${place.replace(/^.*\/(?=(src|test|node_modules)\/)/, "")}`;
}
