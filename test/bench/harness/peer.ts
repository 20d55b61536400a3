/** A peer's program, `test/bench/peers/`, in a process of its own. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { BYTES_PER_SAMPLE, FRAME_SAMPLES } from "../../../src/audio/pcm.ts";
import { cleanEnvironment } from "../../support/bot-process.ts";
import { PLAIN_HEADER_BYTES } from "../peers/wav-header.ts";
import { importing } from "./importing.ts";
import type { Subject, SubjectName, SubjectOptions } from "./subject.ts";

const PROGRAMS: Readonly<Record<Exclude<SubjectName, "ours">, string>> = {
  stream: "stream.ts",
  sync: "sync-wav.ts",
  memory: "in-memory.ts",
  opus: "opus-by-arrival.ts",
  wide: "sync-wav.ts",
  receiver: "bare-receiver.ts",
};
/** Those that ask the kernel for the receive buffer that this recorder asks for. */
const WITH_OUR_BUFFER: ReadonlySet<SubjectName> = new Set(["wide", "receiver"]);
const OUR_BUFFER_BYTES = 4 * 1_048_576;
const FRAME_BYTES = FRAME_SAMPLES * BYTES_PER_SAMPLE;
const JOIN_MS = 40_000;
const STOP_MS = 60_000;

export async function startPeer(
  name: Exclude<SubjectName, "ours">,
  options: SubjectOptions,
): Promise<Subject> {
  const { crowd, directory, preloads, environment } = options;
  const child = fork(new URL(`../peers/${PROGRAMS[name]}`, import.meta.url), [], {
    execArgv: importing(preloads),
    env: {
      ...cleanEnvironment(),
      ...crowd.environment,
      BENCH_CHANNEL: crowd.channelId,
      BENCH_DIRECTORY: directory,
      ...(WITH_OUR_BUFFER.has(name) ? { BENCH_RECEIVE_BUFFER: String(OUR_BUFFER_BYTES) } : {}),
      ...environment,
    },
  });
  const exited = once(child, "exit");
  const heard = async (word: string, timeoutMs: number): Promise<void> => {
    const signal = AbortSignal.timeout(timeoutMs);
    const ended = exited.then(() => {
      throw new Error(`The peer "${name}" ended before it said "${word}".`);
    });
    for (let said: unknown; said !== word;)
      [said] = (await Promise.race([once(child, "message", { signal }), ended])) as [unknown];
  };
  await heard("ready", JOIN_MS);
  const files = (): string[] => readdirSync(directory).map((file) => join(directory, file));
  return {
    pid: child.pid ?? 0,
    async stop() {
      child.send("stop");
      await heard("stopped", STOP_MS);
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
    recordedPackets: () => files().reduce((sum, file) => sum + packetsIn(file), 0),
    files,
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

/** By the size of a file that has no silence of its own, or by its pages. */
export function packetsIn(file: string): number {
  switch (extname(file)) {
    case ".pcm":
      return Math.floor(statSync(file).size / FRAME_BYTES);
    case ".wav":
      return Math.max(0, Math.floor((statSync(file).size - PLAIN_HEADER_BYTES) / FRAME_BYTES));
    case ".ogg":
      return readFileSync(file, "latin1").split("OggS").length - 1;
    case ".count":
      return Number(readFileSync(file, "latin1"));
    default:
      throw new Error(`${file} is none of a peer's files.`);
  }
}
