/** What everybody says, as packets that reach a recorder without a network. */
import { FRAME_SAMPLES } from "../../../src/audio/pcm.ts";
import type { SentPacket } from "../../accuracy/network.ts";
import { PHASES, speechOf } from "./load.ts";

const PHASE_SAMPLES = FRAME_SAMPLES / PHASES;

/** In the order of arrival. */
export async function arrivalsOf(speakers: number, seconds: number): Promise<SentPacket[]> {
  const all: SentPacket[] = [];
  for (let speaker = 0; speaker < speakers; speaker++) {
    const { packets } = await speechOf(speaker, seconds);
    for (const [frame, opus] of packets.entries()) {
      const position = frame * FRAME_SAMPLES;
      const arrival = position + (speaker % PHASES) * PHASE_SAMPLES;
      all.push({ speaker, ssrc: speaker + 1, arrival, sequence: frame & 0xffff, timestamp: position, opus });
    }
  }
  return all.sort((a, b) => a.arrival - b.arrival);
}
