import { FRAME_SAMPLES } from "../../src/audio/pcm.ts";
import { loadOpusCodec } from "../../src/capture/decoder.ts";
import type { OpusCodec } from "../../src/capture/opus-decoder.ts";
import { emptyRtpHeader } from "../../src/capture/rtp.ts";
import { Segment } from "../../src/capture/segment.ts";
import { Track } from "../../src/capture/track.ts";
import { TrackAccount } from "../../src/capture/track-account.ts";
import { FrameConsumer } from "../../src/queue/frame-consumer.ts";
import { FrameProducer } from "../../src/queue/frame-producer.ts";
import { createFrameQueueMemory } from "../../src/queue/frame-queue.ts";
import { encodeTone } from "../support/opus-tones.ts";

export const SILENCE = Buffer.from([0xf8, 0xff, 0xfe]);
export const codec = loadOpusCodec();
export const speech = encodeTone(100);

/** One person's segment into a real queue. */
export function segmentBench(slots = 1_024, opus: OpusCodec = codec) {
  const memory = createFrameQueueMemory(slots);
  const heard: number[] = [];
  const track = new Track(TrackAccount.open("42"), {
    producer: new FrameProducer(memory),
    handle: 1,
    channels: 1,
    onHeard: (who, position) => {
      who.account.track = 1;
      heard.push(position);
    },
  });
  const segment = new Segment(7, 1, opus);
  segment.claim(track);
  const consumer = new FrameConsumer(memory);
  const header = emptyRtpHeader();
  return {
    track,
    segment,
    heard,
    /** A packet of the given index, 20 ms each, arriving when it is sent unless told otherwise. */
    receive: (index: number, media: Buffer | undefined, arrival = index * FRAME_SAMPLES): void => {
      header.sequence = index & 0xffff;
      header.timestamp = (index * FRAME_SAMPLES) >>> 0;
      const packet = segment.number(header, media, arrival);
      if (packet !== undefined) segment.accept(packet, packet.media);
      segment.advance(arrival);
    },
    frames: (): { position: number; samples: number; loud: boolean }[] => {
      const frames: { position: number; samples: number; loud: boolean }[] = [];
      for (let frame = consumer.peek(); frame !== undefined; frame = consumer.peek()) {
        const { pcm } = frame;
        let loudest = 0;
        for (let at = 0; at < pcm.length; at += 2) loudest = Math.max(loudest, Math.abs(pcm.readInt16LE(at)));
        frames.push({ position: frame.position, samples: frame.samples, loud: loudest > 1_000 });
        consumer.release();
      }
      return frames;
    },
  };
}
