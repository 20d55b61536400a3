import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_NONCE, nonceOf, openMedia } from "../../src/capture/media-lock.ts";
import type { DaveSession, DaveState } from "../../src/capture/media-lock.ts";

const SILENCE = Buffer.from([0xf8, 0xff, 0xfe]);
const CLEAR = Buffer.from("78c0ffee00112233445566778899aabbccdd", "hex");
/** Ciphertext, tag (8), nonce (1), supplemental size 12, magic: as davey makes them. */
const SEALED = Buffer.concat([Buffer.alloc(40, 0x55), Buffer.alloc(8, 1), Buffer.from([9, 12, 0xfa, 0xfa])]);

function open(frame: Buffer, userId: string, dave: DaveState): Buffer | undefined {
  return openMedia(frame, nonceOf(frame), userId, dave);
}

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
  assert.equal(open(SEALED, "anna", ready), CLEAR);
  assert.equal(open(SEALED, "ben", ready), undefined);
  assert.equal(open(SEALED, "anna", { protocolVersion: 1, session: session(false) }), undefined);
  assert.equal(open(SEALED, "anna", { protocolVersion: 1, session: undefined }), undefined);
  // Still under way after a downgrade.
  assert.equal(open(SEALED, "ben", { protocolVersion: 0, session: session(true) }), undefined);
});

test("clear media is taken without encryption, and under it only from whom the session allows", () => {
  assert.equal(open(CLEAR, "anna", { protocolVersion: 0, session: undefined }), CLEAR);
  const ready = { protocolVersion: 1, session: session(true) };
  assert.equal(open(CLEAR, "anna", ready), undefined);
  assert.equal(open(CLEAR, "bot", ready), CLEAR);
  assert.equal(open(CLEAR, "bot", { protocolVersion: 1, session: session(false) }), undefined);
});

test("the silence frame passes in every state", () => {
  assert.equal(open(SILENCE, "ben", { protocolVersion: 1, session: session(false) }), SILENCE);
  assert.equal(open(SILENCE, "ben", { protocolVersion: 0, session: undefined }), SILENCE);
});

test("encrypted media is told by magic and a credible supplement, and says its nonce", () => {
  assert.equal(nonceOf(SEALED), 9);
  const longer = Buffer.from([0x80 | 44, 2, 13, 0xfa, 0xfa]);
  assert.equal(nonceOf(Buffer.concat([Buffer.alloc(40, 0x55), Buffer.alloc(8, 1), longer])), 300);
  assert.equal(nonceOf(CLEAR), NO_NONCE);
  assert.equal(nonceOf(Buffer.from([0xfa, 0xfa])), NO_NONCE);
  assert.equal(nonceOf(Buffer.concat([CLEAR, Buffer.from([3, 0xfa, 0xfa])])), NO_NONCE);
  assert.equal(nonceOf(Buffer.concat([CLEAR, Buffer.from([200, 0xfa, 0xfa])])), NO_NONCE);
  const endless = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 16, 0xfa, 0xfa]);
  assert.equal(nonceOf(Buffer.concat([Buffer.alloc(40), endless])), NO_NONCE);
});
