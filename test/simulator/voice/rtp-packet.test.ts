import assert from "node:assert/strict";
import { createDecipheriv, createSecretKey, randomBytes } from "node:crypto";
import { test } from "node:test";
import { SILENCE_FRAME, openRtp, sealRtp } from "./rtp-packet.ts";

const secret = Buffer.alloc(32, 7);
const key = createSecretKey(secret);
const fields = { sequence: 65_535, timestamp: 4_294_967_295, ssrc: 12_345 };

/** The encrypted part, opened as the documentation of `aead_aes256_gcm_rtpsize` says and not by the code under test. */
function decrypt(datagram: Buffer, clearBytes: number): Buffer {
  const nonce = Buffer.concat([datagram.subarray(-4), Buffer.alloc(8)]);
  const cipher = createDecipheriv("aes-256-gcm", secret, nonce);
  cipher.setAAD(datagram.subarray(0, clearBytes));
  cipher.setAuthTag(datagram.subarray(-20, -4));
  return Buffer.concat([cipher.update(datagram.subarray(clearBytes, -20)), cipher.final()]);
}

test("a sealed packet opens to what was sealed, at the last sequence number and timestamp too", () => {
  const payload = randomBytes(160);
  const opened = openRtp(sealRtp(fields, payload, key, 1), key);
  assert.deepEqual(opened, { ...fields, payload });
});

test("speech has its header and extension header in clear and two words of extension encrypted", () => {
  const payload = randomBytes(80);
  const datagram = sealRtp(fields, payload, key, 0x01_02_03_04);
  assert.equal(datagram.subarray(0, 16).toString("hex"), "9078ffffffffffff00003039bede0002");
  assert.equal(datagram.subarray(-4).toString("hex"), "04030201", "nonce, little-endian");
  const body = decrypt(datagram, 16);
  assert.equal(body[0], 0x32, "send time, 3 bytes");
  assert.equal(body[4], 0x10, "audio level, 1 byte");
  assert.equal(body.subarray(6, 8).toString("hex"), "9002");
  assert.deepEqual(body.subarray(8), payload);
});

test("padding stands encrypted behind the payload, its last byte tells how much there is", () => {
  for (const payload of [randomBytes(80), Buffer.alloc(0)]) {
    const datagram = sealRtp(fields, payload, key, 5, 200);
    assert.equal(datagram[0], 0xb0);
    const body = decrypt(datagram, 16);
    assert.deepEqual(body.subarray(8), Buffer.concat([payload, Buffer.alloc(199), Buffer.from([200])]));
    assert.deepEqual(openRtp(datagram, key), { ...fields, payload, paddingBytes: 200 });
  }
});

test("silence has one word of extension: no level, no activity", () => {
  const datagram = sealRtp(fields, SILENCE_FRAME, key, 2);
  assert.equal(datagram.subarray(12, 16).toString("hex"), "bede0001");
  assert.equal(decrypt(datagram, 16).toString("hex"), "10ff9000f8fffe");
});

test("a packet that was changed, cut short or sealed with another key does not open", () => {
  const datagram = sealRtp(fields, randomBytes(60), key, 3);
  assert.equal(openRtp(datagram, createSecretKey(randomBytes(32))), undefined);
  for (const at of [2, 9, 15, 20, datagram.length - 1]) {
    const changed = Buffer.from(datagram);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    assert.equal(openRtp(changed, key), undefined, `byte ${at}`);
  }
  for (let length = 0; length < datagram.length; length++)
    assert.equal(openRtp(datagram.subarray(0, length), key), undefined, `${length} bytes`);
});
