/** Frames whose every field and sample follow from their number, so that a lost, repeated, moved or torn one shows. */
import type { Channels } from "../../src/audio/pcm.ts";
import { BYTES_PER_SAMPLE, FRAME_SAMPLES } from "../../src/audio/pcm.ts";
import type { Frame } from "../../src/queue/frame.ts";
import type { FrameProducer } from "../../src/queue/frame-producer.ts";

const scratch = new Int16Array(FRAME_SAMPLES * 2 + 8);
const scratchBytes = new Uint8Array(scratch.buffer);
const SCRATCH_OFFSET = 16;

const channelsOf = (number: number): Channels => (number % 3 === 0 ? 2 : 1);
const samplesOf = (number: number): number => (number % 7 === 0 ? FRAME_SAMPLES / 2 : FRAME_SAMPLES);
const sampleOf = (number: number, index: number): number => ((number * 31 + index * 7) << 16) >> 16;

/** Offers frame `number`; the result of `offer`. */
export function offerNumbered(producer: FrameProducer, number: number): boolean {
  const channels = channelsOf(number);
  const values = samplesOf(number) * channels;
  for (let index = 0; index < values; index++) scratch[SCRATCH_OFFSET / 2 + index] = sampleOf(number, index);
  return producer.offer(
    (number % 5) + 1,
    (number % 11) + 1,
    10n ** 18n + BigInt(number),
    channels,
    number * FRAME_SAMPLES,
    scratchBytes,
    SCRATCH_OFFSET,
    values * BYTES_PER_SAMPLE,
  );
}

/** What is wrong with the frame that should be `number`; undefined when every bit is right. */
export function faultOfNumbered(frame: Frame, number: number): string | undefined {
  if (frame.position !== number * FRAME_SAMPLES) return `frame ${number} is at position ${frame.position}`;
  if (frame.recording !== (number % 5) + 1 || frame.track !== (number % 11) + 1) return `${number}: header`;
  if (frame.userId !== 10n ** 18n + BigInt(number)) return `${number}: user ${frame.userId}`;
  if (frame.channels !== channelsOf(number) || frame.samples !== samplesOf(number)) return `${number}: shape`;
  const pcm = frame.pcm;
  const values = new Int16Array(pcm.buffer, pcm.byteOffset, frame.samples * frame.channels);
  const wrong = values.findIndex((value, index) => value !== sampleOf(number, index));
  return wrong < 0 ? undefined : `frame ${number} differs at value ${wrong}`;
}
