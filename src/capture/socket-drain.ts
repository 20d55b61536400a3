import { setImmediate as nextTurn } from "node:timers/promises";

/** What has not come by then would never stop coming. */
const MAX_DRAIN_MS = 100;

/**
 * Lets in the datagrams that the kernel already holds: waits until a turn of the event loop brings none, at most 100 ms.
 * One turn reads at most 32 per socket (libuv `uv__udp_recvmsg`).
 *
 * @param received how many have come so far
 */
export async function drainSockets(received: () => number): Promise<void> {
  const giveUpAtMs = performance.now() + MAX_DRAIN_MS;
  // The turn we are in may be past its reading.
  await nextTurn();
  for (let before = -1; before !== received() && performance.now() < giveUpAtMs;) {
    before = received();
    await nextTurn();
  }
}
