import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameOrder } from "../../src/capture/frame-order.ts";

/** An order that has opened one frame: packet 1000, number 500 under its key. */
function midSpeech(): FrameOrder {
  const order = new FrameOrder();
  order.opened(1_000, 500);
  return order;
}

test("a sender's first frame waits for those it may have overtaken, unless it is the first under its key", () => {
  const order = new FrameOrder();
  assert.equal(order.mayOpen(7, 1, 0), true);
  assert.equal(order.mayOpen(8, 2, 0), false);
  assert.equal(order.mayOpen(8, 2, 99), false);
  assert.equal(order.mayOpen(8, 2, 100), true, "nothing waits for ever");
});

test("under one key any order will do once a frame has opened", () => {
  const order = midSpeech();
  assert.equal(order.mayOpen(1_001, 501, 0), true);
  assert.equal(order.mayOpen(1_005, 505, 0), true, "one that overtook");
  assert.equal(order.mayOpen(1_006, 501, 0), true, "after five frames of silence");
  assert.equal(order.mayOpen(990, 490, 0), true, "one that was overtaken");
});

test("a nonce that starts over is a new key: its frames wait for those they overtook", () => {
  const order = midSpeech();
  assert.equal(order.mayOpen(1_003, 3, 0), false);
  assert.equal(order.mayOpen(1_001, 1, 10), true);
  order.opened(1_001, 1);
  assert.equal(order.mayOpen(1_003, 3, 10), false, "the second is still missing");
  assert.equal(order.mayOpen(1_002, 2, 10), true);
  order.opened(1_002, 2);
  assert.equal(order.mayOpen(1_003, 3, 10), true);
});

test("frames of the old key are free while those of the new one wait", () => {
  const order = midSpeech();
  assert.equal(order.mayOpen(1_004, 2, 0), false);
  assert.equal(order.mayOpen(1_002, 502, 0), true);
  assert.equal(order.mayOpen(1_001, 501, 0), true);
});

test("a gap so long that a new key may have got further than the old one waits too", () => {
  const order = new FrameOrder();
  order.opened(10, 3);
  assert.equal(order.mayOpen(20, 8, 0), false);
  assert.equal(order.mayOpen(12, 12, 0), true, "no new key counts this far in two packets, camera or not");
});
