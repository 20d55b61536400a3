/** Where sounds are after a lossy network. Generated calls, faster than real time. */
import { FRAME_SAMPLES, SAMPLE_RATE } from "../../../src/audio/pcm.ts";
import { VOICES } from "../../accuracy/chirps.ts";
import { codecDelay } from "../../accuracy/codec-delay.ts";
import { craigTrack } from "../../accuracy/craig.ts";
import { carry } from "../../accuracy/network.ts";
import type { Arrival, SaidChirp } from "../../accuracy/network.ts";
import { positionError, quantile } from "../../accuracy/position-error.ts";
import { record } from "../../accuracy/recorded.ts";
import { utterances } from "../../accuracy/utterances.ts";
import { SeededRandom } from "../../capture/seeded-random.ts";
import { decodeWithSox } from "../../support/wav-readers.ts";
import { WriterSetup } from "../../writer/recording-setup.ts";
import type { Table } from "../report/table.ts";
import { fixed } from "../report/words.ts";

export type Errors = { readonly medianMs: number; readonly p99Ms: number; readonly maxMs: number };
export type Placing = {
  readonly seconds: number;
  readonly seed: number;
  readonly sounds: number;
  readonly ours: Errors;
  readonly craigs: Errors;
  /** Frames one after the other, as they come. */
  readonly appended: Errors;
};

/** Four people speak and pause; 2 % of the packets are lost, the others come up to some 10 ms late. */
export async function measurePlacing(seconds: number, seed: number): Promise<Placing> {
  const random = new SeededRandom(seed);
  const carried = Array.from({ length: VOICES }, (_, speaker) => {
    const said = utterances(speaker, seconds, "speech", new SeededRandom(seed + speaker));
    return carry(said, speaker, 0, { jitterMs: 5, loss: 0.02 }, random);
  });
  const arrivals = carried.flatMap((one) => one.arrivals).sort((a, b) => a.arrival - b.arrival);
  const delay = codecDelay().samples;
  await using setup = await WriterSetup.start();
  const { files } = await record(setup, arrivals, VOICES);
  const listening = (trackOf: (voice: number, own: readonly Arrival[]) => Int16Array) =>
    positionError(
      carried.map((one, voice) => ({ voice, said: one.chirps, track: trackOf(voice, one.arrivals) })),
      delay,
    );
  const ours = listening((voice) => decodeWithSox(files[voice] ?? ""));
  return {
    seconds,
    seed,
    sounds: ours.sounds,
    ours,
    craigs: listening((_, own) => craigTrack(own)),
    appended: appendedErrors(carried),
  };
}

/** Where a chirp is when frames are written one after the other follows from counting the packets before its own. */
function appendedErrors(
  carried: readonly { readonly arrivals: readonly Arrival[]; readonly chirps: readonly SaidChirp[] }[],
): Errors {
  const errors = carried.flatMap(({ arrivals, chirps }) =>
    chirps
      .filter(({ lost }) => !lost)
      .map(({ position }) => {
        const before = arrivals.filter(({ arrival }) => arrival + FRAME_SAMPLES <= position).length;
        return (Math.abs(before * FRAME_SAMPLES - position) / SAMPLE_RATE) * 1_000;
      }),
  );
  return { medianMs: quantile(errors, 0.5), p99Ms: quantile(errors, 0.99), maxMs: quantile(errors, 1) };
}

export function placingTable({ seconds, seed, sounds, ours, craigs, appended }: Placing): Table {
  const row = (name: string, { medianMs, p99Ms, maxMs }: Errors): string[] => [
    name,
    ...[medianMs, p99Ms, maxMs].map((ms) => fixed(ms, 1)),
  ];
  return {
    title: `How far sounds are from where they were said, 2 % of packets lost, ${seconds} s, ${sounds} sounds (seed ${seed})`,
    columns: ["", "median, ms", "p99", "most"],
    rows: [
      row("this recorder", ours),
      row("arrival and correction, as Craig", craigs),
      row("one after the other (stream, sync, memory)", appended),
    ],
    notes: ["The last row grows with the length of the recording: silence and loss are not in the file."],
  };
}
