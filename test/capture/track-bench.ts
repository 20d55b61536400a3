/** A track with its segments, and what lies in its file in the end. */
import assert from "node:assert/strict";
import { FRAME_SAMPLES } from "../../src/audio/pcm.ts";
import type { MediaPacket } from "../../src/capture/media-packet.ts";
import { emptyRtpHeader } from "../../src/capture/rtp.ts";
import { Segment } from "../../src/capture/segment.ts";
import { Track } from "../../src/capture/track.ts";
import { TrackAccount } from "../../src/capture/track-account.ts";
import { FrameConsumer } from "../../src/queue/frame-consumer.ts";
import { FrameProducer } from "../../src/queue/frame-producer.ts";
import { createFrameQueueMemory } from "../../src/queue/frame-queue.ts";
import { codec, speech } from "./segment-bench.ts";

/** 20 s. */
const FILE_SAMPLES = 960_000;

export type Sender = {
  readonly segment: Segment;
  /** Numbers a packet of 20 ms, which its sender sent at `index`; of this sender's own speech unless told otherwise. */
  number(index: number, arrival: number, media?: Buffer): MediaPacket;
  /** The same, and opens it. */
  receive(index: number, arrival: number, media?: Buffer): void;
};

/** A track, its segments, and its file; 0 where nothing is. */
export function trackBench() {
  const memory = createFrameQueueMemory(2 ** 12);
  const track = new Track(TrackAccount.open("42"), {
    producer: new FrameProducer(memory),
    handle: 1,
    channels: 1,
    onHeard: (who) => void (who.account.track = 1),
  });
  const consumer = new FrameConsumer(memory);
  const file = new Int16Array(FILE_SAMPLES);
  /** By which segment a sample was written last; how many were written by more than one. */
  const writers = new Uint8Array(FILE_SAMPLES);
  const senders: Sender[] = [];
  let overwritten = 0;
  const drain = (ssrc: number): void => {
    for (let frame = consumer.peek(); frame !== undefined; frame = consumer.peek()) {
      for (let sample = 0; sample < frame.samples; sample++) {
        const at = frame.position + sample;
        if (writers[at] !== 0 && writers[at] !== ssrc) overwritten++;
        writers[at] = ssrc;
        file[at] = frame.pcm.readInt16LE(2 * sample);
      }
      consumer.release();
    }
  };
  return {
    track,
    file,
    writers,
    overwritten: (): number => overwritten,
    counts: () => track.account.snapshot().counts,
    begin: (): Sender => {
      const segment = new Segment(senders.length + 1, 1, codec);
      segment.claim(track);
      const header = emptyRtpHeader();
      const number = (index: number, arrival: number, media = speech[index % speech.length]): MediaPacket => {
        header.sequence = index & 0xffff;
        header.timestamp = (index * FRAME_SAMPLES) >>> 0;
        return segment.number(header, media, arrival) ?? assert.fail();
      };
      const receive = (index: number, arrival: number, media?: Buffer): void => {
        const packet = number(index, arrival, media);
        segment.accept(packet, packet.media);
      };
      senders.push({ segment, number, receive });
      return { segment, number, receive };
    },
    advance: (now: number): void => {
      for (const { segment } of senders) {
        segment.advance(now);
        drain(segment.ssrc);
      }
    },
    open: ({ segment }: Sender, packet: MediaPacket): void => {
      packet.held = true;
      segment.accept(packet, packet.media);
      drain(segment.ssrc);
    },
    close: ({ segment }: Sender): void => {
      segment.close();
      drain(segment.ssrc);
    },
  };
}
