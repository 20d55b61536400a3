/** One Opus packet in an Ogg page of its own (RFC 3533 §6). */

const HEAD_BYTES = 27;
/** Polynomial 0x04c11db7, no reflection, nothing inverted. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000_0000 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  return crc >>> 0;
});

/** @param granule in samples at 48 kHz */
export function oggPage(stream: number, number: number, granule: bigint, packet: Buffer): Buffer {
  const segments = Math.floor(packet.length / 255) + 1;
  const page = Buffer.alloc(HEAD_BYTES + segments + packet.length);
  page.write("OggS", 0, "latin1");
  page.writeBigUInt64LE(granule, 6);
  page.writeUInt32LE(stream, 14);
  page.writeUInt32LE(number, 18);
  page.writeUInt8(segments, 26);
  page.fill(255, HEAD_BYTES, HEAD_BYTES + segments - 1);
  page.writeUInt8(packet.length % 255, HEAD_BYTES + segments - 1);
  packet.copy(page, HEAD_BYTES + segments);
  page.writeUInt32LE(crcOf(page), 22);
  return page;
}

function crcOf(page: Buffer): number {
  let crc = 0;
  for (const byte of page) crc = (crc << 8) ^ (CRC_TABLE[((crc >>> 24) ^ byte) & 0xff] ?? 0);
  return crc >>> 0;
}
