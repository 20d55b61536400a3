import assert from "node:assert/strict";
import { test } from "node:test";
import { isEncryptedFrame, openMedia } from "../../src/capture/media-lock.ts";
import type { DaveSession } from "../../src/capture/media-lock.ts";

const SILENCE = Buffer.from([0xf8, 0xff, 0xfe]);
const CLEAR = Buffer.from("78c0ffee00112233445566778899aabbccdd", "hex");
/** Ciphertext, tag (8), nonce (1), supplemental size 12, magic: as davey makes them. */
const SEALED = Buffer.concat([Buffer.alloc(40, 0x55), Buffer.alloc(8, 1), Buffer.from([9, 12, 0xfa, 0xfa])]);

/** A session that knows "anna", and lets "bot" send in clear. */
function session(ready: boolean): DaveSession {
  return {
    ready,
    decrypt: (userId) => {
      if (userId !== "anna") throw new Error("NoDecryptorForUser");
      return CLEAR;
    },
    canPassthrough: (userId) => userId === "bot",
  };
}

test("encrypted media opens with its sender's key only, and never passes as it is", () => {
  const ready = { protocolVersion: 1, session: session(true) };
  assert.equal(openMedia(SEALED, "anna", ready), CLEAR);
  assert.equal(openMedia(SEALED, "ben", ready), undefined);
  assert.equal(openMedia(SEALED, "anna", { protocolVersion: 1, session: session(false) }), undefined);
  assert.equal(openMedia(SEALED, "anna", { protocolVersion: 1, session: undefined }), undefined);
  // Still under way after a downgrade.
  assert.equal(openMedia(SEALED, "ben", { protocolVersion: 0, session: session(true) }), undefined);
});

test("clear media is taken without encryption, and under it only from whom the session allows", () => {
  assert.equal(openMedia(CLEAR, "anna", { protocolVersion: 0, session: undefined }), CLEAR);
  const ready = { protocolVersion: 1, session: session(true) };
  assert.equal(openMedia(CLEAR, "anna", ready), undefined);
  assert.equal(openMedia(CLEAR, "bot", ready), CLEAR);
  assert.equal(openMedia(CLEAR, "bot", { protocolVersion: 1, session: session(false) }), undefined);
});

test("the silence frame passes in every state", () => {
  assert.equal(openMedia(SILENCE, "ben", { protocolVersion: 1, session: session(false) }), SILENCE);
  assert.equal(openMedia(SILENCE, "ben", { protocolVersion: 0, session: undefined }), SILENCE);
});

test("encrypted media is told by magic and a credible supplement", () => {
  assert.equal(isEncryptedFrame(SEALED), true);
  assert.equal(isEncryptedFrame(CLEAR), false);
  assert.equal(isEncryptedFrame(Buffer.from([0xfa, 0xfa])), false);
  assert.equal(isEncryptedFrame(Buffer.concat([CLEAR, Buffer.from([3, 0xfa, 0xfa])])), false);
  assert.equal(isEncryptedFrame(Buffer.concat([CLEAR, Buffer.from([200, 0xfa, 0xfa])])), false);
});
