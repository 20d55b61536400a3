/** What everybody says, as packets that reach a recorder without a network. */
import { FRAME_SAMPLES } from "../../../src/audio/pcm.ts";
import type { SentPacket } from "../../accuracy/network.ts";
import { FRAMES_PER_SECOND, PHASES, speechOf } from "./load.ts";

const PHASE_SAMPLES = FRAME_SAMPLES / PHASES;

/** In the order of arrival, made one at a time: what a program would hold of them is not the recorder's memory. */
export async function arrivalsOf(speakers: number, seconds: number): Promise<Iterable<SentPacket>> {
  const speeches = await Promise.all(
    Array.from({ length: speakers }, async (_, speaker) => {
      const { packets } = await speechOf(speaker, seconds);
      return { speaker, phase: speaker % PHASES, packets };
    }),
  );
  return inOrder(
    speeches.sort((a, b) => a.phase - b.phase),
    Math.round(seconds * FRAMES_PER_SECOND),
  );
}

function* inOrder(
  speeches: readonly { speaker: number; phase: number; packets: readonly Buffer[] }[],
  frames: number,
): Generator<SentPacket> {
  for (let frame = 0; frame < frames; frame++) {
    const timestamp = frame * FRAME_SAMPLES;
    for (const { speaker, phase, packets } of speeches) {
      const opus = packets[frame];
      if (opus === undefined) continue;
      const arrival = timestamp + phase * PHASE_SAMPLES;
      yield { speaker, ssrc: speaker + 1, arrival, sequence: frame & 0xffff, timestamp, opus };
    }
  }
}
