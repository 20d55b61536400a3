/**
 * This recorder: until the decoded packet has been offered to the writer's queue. It keeps datagrams as they come, and opens,
 * places and decodes them at its tick, whose length is told as well.
 */
import { createHistogram } from "node:perf_hooks";
import { SAMPLE_RATE } from "../../../src/audio/pcm.ts";
import { ConnectionTap } from "../../../src/capture/connection-tap.ts";
import { Segment } from "../../../src/capture/segment.ts";
import { percentiles } from "./figures.ts";
import type { Percentiles } from "./figures.ts";

const SAMPLES_PER_MS = SAMPLE_RATE / 1_000;

/** The tick is told where it is on the clock by which arrivals are measured. Returns how long ticks take, so far. */
export function watch(record: (milliseconds: number) => void): () => Percentiles {
  const ticks = createHistogram();
  let tickedAtMs = Number.NaN;
  let tickedAt = Number.NaN;
  // eslint-disable-next-line typescript/unbound-method -- bound again at each call
  const { tick } = ConnectionTap.prototype;
  ConnectionTap.prototype.tick = function (this: ConnectionTap, nowMs, position) {
    tickedAtMs = performance.now();
    tickedAt = position;
    tick.call(this, nowMs, position);
    ticks.record(Math.max(1, Math.round((performance.now() - tickedAtMs) * 1e6)));
  };
  // eslint-disable-next-line typescript/unbound-method -- bound again at each call
  const { place } = Segment.prototype;
  Segment.prototype.place = function (this: Segment, packet, ...where) {
    place.call(this, packet, ...where);
    record((tickedAt - packet.arrival) / SAMPLES_PER_MS + performance.now() - tickedAtMs);
  };
  return () => percentiles(ticks, 1e6);
}
