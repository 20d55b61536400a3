import { BYTES_PER_SAMPLE, SAMPLE_RATE } from "../../../src/audio/pcm.ts";

export const PLAIN_HEADER_BYTES = 44;

/** The 44 bytes that most programs put before PCM: mono, 16 bit, and how much follows. */
export function plainWavHeader(dataBytes: number): Buffer {
  const header = Buffer.alloc(PLAIN_HEADER_BYTES);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(PLAIN_HEADER_BYTES - 8 + dataBytes, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(SAMPLE_RATE, 24);
  header.writeUInt32LE(SAMPLE_RATE * BYTES_PER_SAMPLE, 28);
  header.writeUInt16LE(BYTES_PER_SAMPLE, 32);
  header.writeUInt16LE(BYTES_PER_SAMPLE * 8, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(dataBytes, 40);
  return header;
}
