import assert from "node:assert/strict";
import { createCipheriv, randomBytes } from "node:crypto";
import { test } from "node:test";
import { TransportCipher } from "../../src/capture/transport-cipher.ts";

function seal(key: Buffer, header: Buffer, payload: Buffer, counter: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32LE(counter, 0);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(header);
  const sealed = Buffer.concat([cipher.update(payload), cipher.final()]);
  return Buffer.concat([header, sealed, cipher.getAuthTag(), nonce.subarray(0, 4)]);
}

const key = randomBytes(32);
const header = Buffer.from("907800010000000200000003bede0001", "hex");
const payload = Buffer.from("a sentence of Opus");

test("what the server sealed opens, whatever the nonce", () => {
  const cipher = new TransportCipher(key);
  for (const counter of [0, 1, 0xffff_ffff])
    assert.deepEqual(cipher.open(seal(key, header, payload, counter), header.length), payload);
});

test("a datagram changed anywhere, cut short or sealed with another key does not open", () => {
  const cipher = new TransportCipher(key);
  const datagram = seal(key, header, payload, 7);
  for (let at = 0; at < datagram.length; at++) {
    const forged = Buffer.from(datagram);
    forged[at]! ^= 1;
    assert.equal(cipher.open(forged, header.length), undefined, `byte ${at}`);
  }
  for (let length = 0; length < datagram.length; length++)
    assert.equal(cipher.open(datagram.subarray(0, length), header.length), undefined, `length ${length}`);
  assert.equal(cipher.open(seal(randomBytes(32), header, payload, 7), header.length), undefined);
  assert.deepEqual(cipher.open(datagram, header.length), payload);
});
