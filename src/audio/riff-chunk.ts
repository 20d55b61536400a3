/** RIFF's building blocks: chunks and the texts inside them (Microsoft, Multimedia Programming Interface 1.0, §2). */

/** A chunk: id, 32-bit size, body, and the uncounted pad byte that an odd body needs. */
export function riffChunk(id: string, body: Uint8Array): Buffer {
  const chunk = Buffer.alloc(8 + body.length + (body.length % 2));
  chunk.write(id, 0, 4, "latin1");
  chunk.writeUInt32LE(body.length, 4);
  chunk.set(body, 8);
  return chunk;
}

/** One line of UTF-8 of at most `maxBytes`, cut between characters, control characters made spaces. */
export function utf8Line(text: string, maxBytes: number): Buffer {
  const line = Buffer.from(
    text
      .toWellFormed()
      .replaceAll(/\p{Cc}+/gu, " ")
      .trim(),
    "utf8",
  );
  if (line.length <= maxBytes) return line;
  let end = maxBytes;
  // 10xxxxxx continues a character: cutting in front of it would halve one.
  while (end > 0 && (line[end]! & 0xc0) === 0x80) end--;
  return line.subarray(0, end);
}

/** The nearest ASCII of a text, for fields that allow no more: `Zoë` → `Zoe`, `山田` → `??`. */
export function asciiLine(text: string, maxBytes: number): Buffer {
  const ascii = text
    .toWellFormed()
    .normalize("NFKD")
    .replaceAll(/\p{M}+/gu, "")
    .replaceAll(/\p{Cc}+/gu, " ")
    .replaceAll(/[^\u0020-\u007e]/gu, "?")
    .trim();
  return Buffer.from(ascii.slice(0, maxBytes), "latin1");
}

/** Text safe inside an XML element; characters that XML 1.0 forbids become spaces. */
export function xmlText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\uFFFE\uFFFF]+/gu, " ")
    .trim()
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
