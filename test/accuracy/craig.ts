/**
 * Craig's way of placing packets, written anew from the description of its recorder and its `oggcorrect` (CraigChat/craig,
 * June 2026): a packet's time is its arrival, sixteen are sorted by RTP timestamp, and what was sent without a pause
 * follows itself without a hole until it is half a second off. Pure but for the decoder.
 */
import { FRAME_SAMPLES } from "../../src/audio/pcm.ts";
import { loadOpusCodec } from "../../src/capture/decoder.ts";
import { SILENCE_FRAME } from "../simulator/voice/rtp-packet.ts";
import type { Arrival } from "./network.ts";

const SORTED_PACKETS = 16;
/** Half a second, in samples. */
const TOLERATED = 25 * FRAME_SAMPLES;
/** Shorter packets count as silence. */
const SILENT_BYTES = 8;

/** One speaker's track: mono PCM from position 0. */
export function craigTrack(arrivals: readonly Arrival[]): Int16Array {
  const decoder = loadOpusCodec().create(1);
  const decoded: Int16Array[] = [];
  const append = (packet: Buffer): void => {
    const pcm = decoder.decode(packet);
    if (pcm === undefined) throw new Error("A packet that was encoded here does not decode.");
    decoded.push(Int16Array.from({ length: pcm.length / 2 }, (_, at) => pcm.readInt16LE(2 * at)));
  };
  for (const { opus, gapFrames } of corrected(sorted(arrivals))) {
    for (let frame = 0; frame < gapFrames; frame++) append(SILENCE_FRAME);
    if (opus !== undefined) append(opus);
  }
  decoder.close();
  const track = new Int16Array(decoded.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const pcm of decoded) {
    track.set(pcm, at);
    at += pcm.length;
  }
  return track;
}

/** Each packet leaves a window of sixteen, in which timestamps put it in order, with the time at which it came. */
function sorted(arrivals: readonly Arrival[]): Arrival[] {
  const window: Arrival[] = [];
  const written: Arrival[] = [];
  for (const packet of arrivals) {
    const newest = window.at(-1);
    window.push(packet);
    if (newest !== undefined && newest.timestamp > packet.timestamp)
      window.sort((a, b) => a.timestamp - b.timestamp);
    if (window.length >= SORTED_PACKETS) written.push(...window.splice(0, 1));
  }
  return [...written, ...window];
}

/** A packet as it is put out, after so many frames of silence; without Opus it was dropped. */
type Output = { readonly opus: Buffer | undefined; readonly gapFrames: number };

/** Blocks end at silence and at holes of half a second; each begins where its first packet says, if that is ahead. */
function corrected(packets: readonly Arrival[]): Output[] {
  const outputs: Output[] = [];
  let end = 0;
  for (const block of blocks(packets)) {
    let first = true;
    let surplus = end + block.length * FRAME_SAMPLES - ((block.at(-1)?.arrival ?? 0) + FRAME_SAMPLES);
    for (const [index, { opus, arrival }] of block.entries()) {
      // Silence is cut when speech before it took too long; one frame of it stays.
      if (isSilent(opus) && surplus > 0 && index < block.length - 1) {
        surplus -= FRAME_SAMPLES;
        outputs.push({ opus: undefined, gapFrames: 0 });
        continue;
      }
      const behind = arrival - end;
      const gapFrames = (first && behind > 0) || behind > TOLERATED ? Math.floor(behind / FRAME_SAMPLES) : 0;
      first = false;
      end += gapFrames * FRAME_SAMPLES;
      if (-behind > TOLERATED) {
        outputs.push({ opus: undefined, gapFrames });
        continue;
      }
      outputs.push({ opus, gapFrames });
      end += FRAME_SAMPLES;
    }
  }
  return outputs;
}

function blocks(packets: readonly Arrival[]): Arrival[][] {
  const found: Arrival[][] = [];
  for (const packet of packets) {
    const block = found.at(-1);
    const last = block?.at(-1);
    const goesOn =
      last !== undefined &&
      isSilent(last.opus) === isSilent(packet.opus) &&
      (isSilent(packet.opus) || packet.arrival - last.arrival <= TOLERATED);
    if (goesOn) block?.push(packet);
    else found.push([packet]);
  }
  return found;
}

function isSilent(opus: Buffer): boolean {
  return opus.length < SILENT_BYTES;
}
