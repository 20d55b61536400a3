/** This recorder: until the decoded packet has been offered to the writer's queue, its look-ahead included. */
import { SAMPLE_RATE } from "../../../src/audio/pcm.ts";
import { MediaIntake } from "../../../src/capture/media-intake.ts";
import { Segment } from "../../../src/capture/segment.ts";

const SAMPLES_PER_MS = SAMPLE_RATE / 1_000;

/** Packets are placed in the intake's ticks, which are told where they are on the clock by which arrivals are measured. */
export function watch(record: (milliseconds: number) => void): void {
  let tickedAtMs = Number.NaN;
  let tickedAt = Number.NaN;
  // eslint-disable-next-line typescript/unbound-method -- bound again at each call
  const { tick } = MediaIntake.prototype;
  MediaIntake.prototype.tick = function (this: MediaIntake, nowMs, position) {
    tickedAtMs = performance.now();
    tickedAt = position;
    tick.call(this, nowMs, position);
  };
  // eslint-disable-next-line typescript/unbound-method -- bound again at each call
  const { place } = Segment.prototype;
  Segment.prototype.place = function (this: Segment, packet, ...where) {
    place.call(this, packet, ...where);
    record((tickedAt - packet.arrival) / SAMPLES_PER_MS + performance.now() - tickedAtMs);
  };
}
