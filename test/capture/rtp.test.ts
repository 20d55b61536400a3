import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyRtpHeader, mediaOf, parseRtp } from "../../src/capture/rtp.ts";
import { SeededRandom, pickSeed } from "./seeded-random.ts";

/** A datagram as Discord's clients send them: version 2, extension, payload type 120, marker. */
function datagram(options: { csrcs?: number; extended?: boolean; padded?: boolean } = {}): Buffer {
  const { csrcs = 0, extended = false, padded = false } = options;
  const header = Buffer.alloc(12 + csrcs * 4 + (extended ? 4 : 0));
  header[0] = 0x80 | (padded ? 0x20 : 0) | (extended ? 0x10 : 0) | csrcs;
  header[1] = 0xf8;
  header.writeUInt16BE(0xfffe, 2);
  header.writeUInt32BE(0xffff_fc40, 4);
  header.writeUInt32BE(0xdead_beef, 8);
  if (extended) header.writeUInt32BE(0xbede_0002, header.length - 4);
  return Buffer.concat([header, Buffer.alloc(40, 7)]);
}

test("a header's fields are read unsigned, with marker and payload type apart", () => {
  const header = emptyRtpHeader();
  assert.equal(parseRtp(datagram(), header), true);
  assert.deepEqual(header, {
    ssrc: 0xdead_beef,
    sequence: 0xfffe,
    timestamp: 0xffff_fc40,
    marker: true,
    payloadType: 120,
    padded: false,
    clearBytes: 12,
    extensionBytes: 0,
  });
});

test("CSRCs and the extension's header count as clear, its content as encrypted", () => {
  const header = emptyRtpHeader();
  assert.equal(parseRtp(datagram({ csrcs: 2, extended: true, padded: true }), header), true);
  assert.equal(header.clearBytes, 12 + 8 + 4);
  assert.equal(header.extensionBytes, 8);
  assert.equal(header.padded, true);
});

test("extension content and padding are cut off; padding alone leaves nothing", () => {
  const header = { ...emptyRtpHeader(), extensionBytes: 8, padded: true };
  const payload = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 0xaa, 0xbb, 0, 0, 3]);
  assert.deepEqual(mediaOf(payload, header), Buffer.from([0xaa, 0xbb]));
  assert.equal(mediaOf(Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 3]), header)?.length, 0);
});

test("lengths that contradict each other are refused", () => {
  const padded = { ...emptyRtpHeader(), padded: true };
  assert.equal(mediaOf(Buffer.from([1, 2, 9]), padded), undefined);
  assert.equal(mediaOf(Buffer.from([1, 2, 0]), padded), undefined);
  assert.equal(mediaOf(Buffer.alloc(0), padded), undefined);
  assert.equal(mediaOf(Buffer.alloc(7), { ...emptyRtpHeader(), extensionBytes: 8 }), undefined);
});

test("datagrams too short for what they claim are no RTP", () => {
  const header = emptyRtpHeader();
  for (let length = 0; length < 12; length++)
    assert.equal(parseRtp(datagram().subarray(0, length), header), false);
  assert.equal(parseRtp(datagram({ csrcs: 15 }).subarray(0, 60), header), false);
  assert.equal(parseRtp(Buffer.alloc(8), header), false);
  assert.equal(parseRtp(Buffer.alloc(74), header), false);
});

test("no random datagram makes the parser throw or read outside", () => {
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  const header = emptyRtpHeader();
  for (let round = 0; round < 20_000; round++) {
    const bytes = random.bytes(random.below(90));
    if (round % 2 === 0 && bytes.length > 0) bytes[0] = 0x80 | (bytes[0]! & 0x3f);
    if (!parseRtp(bytes, header)) continue;
    assert.ok(header.clearBytes <= bytes.length, `seed ${seed}`);
    const payload = bytes.subarray(header.clearBytes);
    const media = mediaOf(payload, header);
    assert.ok(media === undefined || media.length <= payload.length, `seed ${seed}`);
  }
});
