import { setImmediate as nextTurn } from "node:timers/promises";

/** What has not come by then would never stop coming, unless this thread had to wait for the processor: */
const MAX_DRAIN_MS = 100;
/** so many turns it has in any case. They take 8,192 datagrams, more than the largest buffer that we ask for holds of speech. */
const MIN_TURNS = 256;

/**
 * Lets in the datagrams that the kernel already holds: waits until a turn of the event loop brings none, at most 100 ms or
 * 256 turns, whichever is later.
 * One turn reads at most 32 per socket (libuv `uv__udp_recvmsg`).
 *
 * @param received how many have come so far
 */
export async function drainSockets(received: () => number): Promise<void> {
  const giveUpAtMs = performance.now() + MAX_DRAIN_MS;
  // The turn we are in may be past its reading.
  await nextTurn();
  let before = -1;
  for (let turn = 0; before !== received(); turn++) {
    if (turn >= MIN_TURNS && performance.now() >= giveUpAtMs) return;
    before = received();
    await nextTurn();
  }
}
