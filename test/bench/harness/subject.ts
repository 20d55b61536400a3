/** What is measured: programs that record the crowd, each in a process of its own. */
import type { CrowdProcess } from "./crowd-process.ts";
import { startOurs } from "./ours.ts";
import { startPeer } from "./peer.ts";

export type SubjectName = "ours" | "stream" | "sync" | "memory" | "opus" | "wide" | "receiver";

export type SubjectOptions = {
  readonly crowd: CrowdProcess;
  /** Empty, and the caller's to remove. */
  readonly directory: string;
  /** Modules loaded before the program, on all its threads. */
  readonly preloads?: readonly URL[];
  readonly environment?: Readonly<Record<string, string>>;
};

/** In the channel, recording. */
export interface Subject extends AsyncDisposable {
  readonly pid: number;
  /** Ends the recording; resolves when all files are done. */
  stop(): Promise<void>;
  /** Ends the process at once, as `kill -9` does. */
  kill(): Promise<void>;
  /** Packets whose audio is in the files, by the program's own books or by the files' size; after `stop`. */
  recordedPackets(): number;
  /** Audio files as they lie there. */
  files(): readonly string[];
}

/** The ways of recording; `wide` is `sync` again, `receiver` none. */
export const SUBJECTS: readonly SubjectName[] = ["ours", "stream", "sync", "memory", "opus"];

/** How tables name them. */
export const LABELS: Readonly<Record<SubjectName, string>> = {
  ours: "this recorder",
  stream: "decoder → file stream",
  sync: "writeSync in callback",
  memory: "in memory until stop",
  opus: "Opus by arrival, undecoded",
  wide: "writeSync, kernel's buffer as ours",
  receiver: "no recording, datagrams counted",
};

/** Starts a program and lets it join; resolves when it records. */
export function startSubject(name: SubjectName, options: SubjectOptions): Promise<Subject> {
  return name === "ours" ? startOurs(options) : startPeer(name, options);
}
