/**
 * This recorder: until the decoded packet has been offered to the writer's queue. It keeps datagrams as they come, and opens,
 * places and decodes them at its tick, whose length is told as well.
 */
import { SAMPLE_RATE } from "../../../src/audio/pcm.ts";
import { ConnectionTap } from "../../../src/capture/connection-tap.ts";
import { Segment } from "../../../src/capture/segment.ts";
import type { Waits } from "./waits.ts";

const SAMPLES_PER_MS = SAMPLE_RATE / 1_000;

/** The tick is told where it is on the clock by which arrivals are measured. */
export function watch(packets: Waits, ticks: Waits): void {
  let tickedAtMs = Number.NaN;
  let tickedAt = Number.NaN;
  // eslint-disable-next-line typescript/unbound-method -- bound again at each call
  const { tick } = ConnectionTap.prototype;
  ConnectionTap.prototype.tick = function (this: ConnectionTap, nowMs, position) {
    tickedAtMs = performance.now();
    tickedAt = position;
    tick.call(this, nowMs, position);
    ticks.record(performance.now() - tickedAtMs);
  };
  // eslint-disable-next-line typescript/unbound-method -- bound again at each call
  const { place } = Segment.prototype;
  Segment.prototype.place = function (this: Segment, packet, ...where) {
    place.call(this, packet, ...where);
    packets.record((tickedAt - packet.arrival) / SAMPLES_PER_MS + performance.now() - tickedAtMs);
  };
}
