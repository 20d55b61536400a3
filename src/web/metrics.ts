import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";
import type { Metric } from "prom-client";
import { OUTCOMES } from "../recordings/counts.ts";
import type { TrackCounts } from "../recordings/counts.ts";
import type { RecordingStatus } from "../recordings/surroundings.ts";

/** What of the recorder is measured; `Recorder` has this form. */
export type RecorderFigures = {
  readonly active: readonly RecordingStatus[];
  readonly totals: {
    readonly started: number;
    readonly finished: number;
    readonly failed: number;
    readonly packets: TrackCounts;
  };
};

/** Figures in Prometheus' text format, read from their owners at each scrape: nothing is counted twice. */
export class Metrics {
  readonly contentType: string;
  readonly #registry = new Registry();

  constructor(options: { readonly version: string; readonly recorder: RecorderFigures | undefined }) {
    const { version, recorder } = options;
    this.contentType = this.#registry.contentType;
    // Event loop delay, memory, processor time, garbage collection of the main thread.
    collectDefaultMetrics({ register: this.#registry });
    const build = new Gauge({
      name: "recorder_build_info",
      help: "Always 1; the labels say what runs.",
      labelNames: ["version", "node"],
      registers: [],
    });
    build.set({ version, node: process.version }, 1);
    this.#registry.registerMetric(build);
    if (recorder !== undefined)
      for (const figure of figuresOf(recorder)) this.#registry.registerMetric(figure);
  }

  /** The exposition. */
  async text(): Promise<string> {
    return this.#registry.metrics();
  }
}

/** Read at each scrape. Registered by the caller: `registers` empty keeps them out of the global registry. */
function figuresOf(recorder: RecorderFigures): Metric[] {
  return [
    new Gauge({
      name: "recorder_recordings_active",
      help: "Recordings that are not over.",
      registers: [],
      collect() {
        this.set(recorder.active.length);
      },
    }),
    new Gauge({
      name: "recorder_queue_frames",
      help: "Frames of 20 ms between capture and writer.",
      registers: [],
      collect() {
        // One queue serves all recordings: each reports the same depth.
        this.set(Math.max(0, ...recorder.active.map((status) => status.queuedFrames)));
      },
    }),
    new Counter({
      name: "recorder_recordings_total",
      help: "Recordings since the process began, by how they got on.",
      labelNames: ["state"],
      registers: [],
      collect() {
        const { started, finished, failed } = recorder.totals;
        this.reset();
        for (const [state, value] of Object.entries({ started, finished, failed }))
          this.inc({ state }, value);
      },
    }),
    new Gauge({
      name: "recorder_packets",
      help: "Voice packets since the process began, by outcome; `held` ones still wait for theirs.",
      labelNames: ["outcome"],
      registers: [],
      collect() {
        const { packets } = recorder.totals;
        for (const outcome of OUTCOMES) this.set({ outcome }, packets[outcome]);
      },
    }),
    new Gauge({
      name: "recorder_samples",
      help: "Samples at 48 kHz that are not as they were said: repaired (concealed) or lost (dropped).",
      labelNames: ["fate"],
      registers: [],
      collect() {
        const { concealedSamples, droppedSamples } = recorder.totals.packets;
        this.set({ fate: "concealed" }, concealedSamples);
        this.set({ fate: "dropped" }, droppedSamples);
      },
    }),
  ];
}
