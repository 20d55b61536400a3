/** What an Opus packet says about itself, without decoding it (RFC 6716 §3). Pure. */
import { MAX_PACKET_SAMPLES } from "./pcm.ts";

/** Samples per Opus frame at 48 kHz, by the configuration number in the packet's first byte (RFC 6716 table 2). */
const FRAME_SAMPLES_BY_CONFIG = [
  // SILK
  480, 960, 1920, 2880, 480, 960, 1920, 2880, 480, 960, 1920, 2880,
  // Hybrid
  480, 960, 480, 960,
  // CELT
  120, 240, 480, 960, 120, 240, 480, 960, 120, 240, 480, 960, 120, 240, 480, 960,
] as const;

/** Samples per channel that a packet decodes to, 120 to 5760; 0 when it cannot be an Opus packet. */
export function opusPacketSamples(packet: Uint8Array): number {
  const toc = packet[0];
  if (toc === undefined) return 0;
  const frameSamples = FRAME_SAMPLES_BY_CONFIG[toc >> 3] ?? 0;
  const samples = frameSamples * opusFrameCount(packet, toc);
  return samples <= MAX_PACKET_SAMPLES ? samples : 0;
}

function opusFrameCount(packet: Uint8Array, toc: number): number {
  const code = toc & 3;
  if (code === 0) return 1;
  if (code < 3) return 2;
  return (packet[1] ?? 0) & 0x3f;
}

/** Whether this is the frame Discord's clients send when a person stops speaking; never end-to-end encrypted. */
export function isSilenceFrame(packet: Uint8Array): boolean {
  return packet.length === 3 && packet[0] === 0xf8 && packet[1] === 0xff && packet[2] === 0xfe;
}

/** Configurations below this one carry speech coded by SILK, the only part that has in-band FEC (RFC 6716 table 2). */
const FIRST_CELT_CONFIG = 16;
/** SILK codes 20 ms at a time; longer Opus frames hold two or three such. */
const SILK_FRAME_SAMPLES = 960;

/**
 * How many samples directly before this packet it can bring back by its in-band FEC: one Opus frame, or 0. Read from the
 * flags at the beginning of the first frame (RFC 6716 §4.2.3). Packets of three or more frames are not looked into.
 */
export function opusFecSamples(packet: Uint8Array): number {
  const toc = packet[0];
  if (toc === undefined || toc >> 3 >= FIRST_CELT_CONFIG) return 0;
  const code = toc & 3;
  if (code === 3) return 0;
  // Code 2 puts the first frame's length, of one or two bytes, before it (§3.2.4).
  const first = code === 2 ? ((packet[1] ?? 0) < 252 ? 2 : 3) : 1;
  const flags = packet[first];
  // A frame of one byte or none is a pause of the sender's (DTX).
  if (flags === undefined || packet.length <= first + 1) return 0;
  const samples = FRAME_SAMPLES_BY_CONFIG[toc >> 3] ?? 0;
  const silkFrames = Math.max(1, Math.floor(samples / SILK_FRAME_SAMPLES));
  // One bit of voice activity per SILK frame, then the flag; for the side channel once more.
  const middle = (flags >> (7 - silkFrames)) & 1;
  const side = (toc & 4) === 0 ? 0 : (flags >> (6 - 2 * silkFrames)) & 1;
  return middle === 1 || side === 1 ? samples : 0;
}
