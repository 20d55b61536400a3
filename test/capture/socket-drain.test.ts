import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { drainSockets } from "../../src/capture/socket-drain.ts";

for (const [busyMs, how] of [
  [0, "however much it is"],
  [150, "however long this thread has to wait for the processor meanwhile"],
] as const)
  test(`everything that waits in the kernel is let in, ${how}`, async (t) => {
    const socket = createSocket({ type: "udp4", recvBufferSize: 1_048_576 });
    t.after(() => socket.close());
    let received = 0;
    socket.on("message", () => {
      if (received++ === 0) standStill(busyMs);
    });
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    for (let datagram = 0; datagram < 150; datagram++)
      socket.send(Buffer.alloc(150), socket.address().port, "127.0.0.1");
    // Loopback delivers while this thread sees none of it.
    standStill(50);
    assert.equal(received, 0);
    await drainSockets(() => received);
    assert.equal(received, 150);
  });

function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test("datagrams that never stop do not keep it for long", async () => {
  let received = 0;
  const startedAtMs = performance.now();
  await drainSockets(() => ++received);
  // 100 ms are promised; the rest is for a busy machine.
  assert.ok(performance.now() - startedAtMs < 5_000);
});
