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
