/** One run of one program in front of the crowd: the smallest thing that is measured. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProbeFigures } from "../preload/probe.ts";
import { CrowdProcess } from "./crowd-process.ts";
import type { Spoken } from "./crowd.ts";
import { MemoryWatch, usageBetween, usageOf } from "./process-usage.ts";
import { socketDrops } from "./socket-drops.ts";
import { slopeOf } from "./statistics.ts";
import { startSubject } from "./subject.ts";
import type { SubjectName } from "./subject.ts";

export type Scene = {
  readonly subject: SubjectName;
  readonly speakers: number;
  readonly seconds: number;
  /** Talk before the clock of CPU and memory starts: code is compiled while it runs for the first time. */
  readonly warmUpSeconds?: number;
  readonly dave: boolean;
  readonly preloads?: readonly URL[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Happens while they talk, from one second after the beginning on. */
  readonly meanwhile?: () => Promise<void>;
};

export type Outcome = {
  readonly spoken: Spoken;
  readonly recordedPackets: number;
  /** From the end of the warm-up until all files are done. */
  readonly cpuSeconds: number;
  /** What that CPU was for. */
  readonly cpuPackets: number;
  readonly byThread: Readonly<Record<string, number>>;
  /** Of these, the thread with the voice socket. */
  readonly listeningSeconds: number;
  readonly talking: Talking;
  /** Packets that were sent and are not in the files. */
  readonly lostPackets: number;
  /** Of these, what the kernel dropped because the voice socket's buffer was full. */
  readonly kernelDrops: number;
  readonly peakResidentBytes: number;
  /** When everything has been said, before the files are done. */
  readonly lastResidentBytes: number;
  /** In the second half of the talk. */
  readonly growthBytesPerMinute: number;
  readonly stopSeconds: number;
  readonly probe: ProbeFigures | undefined;
};

/** While people talked. */
export type Talking = {
  /** Of all threads. */
  readonly cores: number;
  /** Of the thread that listens: the share of the time in which it ran, and in which it could have but had no core. */
  readonly listening: number;
  readonly listeningWaited: number;
};

const PROBE = new URL("../preload/probe.ts", import.meta.url);
/** The look-ahead, and what is still in the kernel. */
const SETTLE_MS = 600;

export async function play(scene: Scene): Promise<Outcome> {
  const { subject: name, speakers, seconds, dave, preloads = [] } = scene;
  const directory = mkdtempSync(join(tmpdir(), `bench-${name}-`));
  const probeFile = `${directory}.probe.json`;
  try {
    await using crowd = await CrowdProcess.start(dave, speakers);
    const environment = { ...scene.environment, BENCH_PROBE: probeFile };
    const outcome = await measured();
    return { ...outcome, probe: JSON.parse(readFileSync(probeFile, "utf8")) as ProbeFigures };

    async function measured(): Promise<Omit<Outcome, "probe">> {
      await using subject = await startSubject(name, {
        crowd,
        directory,
        preloads: [PROBE, ...preloads],
        environment,
      });
      const listening = name === "ours" ? "capture" : "main";
      const { warmUpSeconds = 0 } = scene;
      if (warmUpSeconds > 0) await crowd.talk(warmUpSeconds);
      const warm = await crowd.spoken();
      const before = usageOf(subject.pid);
      const talkedFromMs = performance.now();
      const memory = new MemoryWatch(subject.pid);
      const talking = crowd.talk(seconds);
      if (scene.meanwhile !== undefined) {
        await sleep(1_000);
        await scene.meanwhile();
      }
      await talking;
      const talked = usageBetween(before, usageOf(subject.pid));
      const talkedSeconds = (performance.now() - talkedFromMs) / 1_000;
      await sleep(SETTLE_MS);
      const kernelDrops = socketDrops(subject.pid);
      const points = memory.stop();
      const stoppedAtMs = performance.now();
      await subject.stop();
      const stopSeconds = (performance.now() - stoppedAtMs) / 1_000;
      const { cpuSeconds, byThread } = usageBetween(before, usageOf(subject.pid));
      const spoken = await crowd.spoken();
      const recordedPackets = subject.recordedPackets();
      const lostPackets = spoken.packets - recordedPackets;
      return {
        spoken,
        recordedPackets,
        lostPackets,
        cpuSeconds,
        cpuPackets: spoken.packets - warm.packets,
        byThread: Object.fromEntries(byThread),
        listeningSeconds: byThread.get(listening) ?? 0,
        talking: {
          cores: talked.cpuSeconds / talkedSeconds,
          listening: (talked.byThread.get(listening) ?? 0) / talkedSeconds,
          listeningWaited: (talked.waitingByThread.get(listening) ?? 0) / talkedSeconds,
        },
        kernelDrops,
        peakResidentBytes: Math.max(...points.map(({ value }) => value)),
        lastResidentBytes: points.at(-1)?.value ?? Number.NaN,
        growthBytesPerMinute: slopeOf(points.slice(points.length / 2)) * 60_000,
        stopSeconds,
      };
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
    rmSync(probeFile, { force: true });
  }
}
