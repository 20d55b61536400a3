import { setImmediate } from "node:timers/promises";
import { createEncoder } from "libopus-wasm";
import type { EncoderOptions } from "libopus-wasm";
import type { Channels } from "../../src/audio/pcm.ts";
import { loadOpusCodec } from "../../src/capture/decoder.ts";
import type { OpusCodec } from "../../src/capture/opus-decoder.ts";
import { emptyRtpHeader } from "../../src/capture/rtp.ts";
import { Segment } from "../../src/capture/segment.ts";
import { TrackAccount } from "../../src/capture/track-account.ts";
import { Track } from "../../src/capture/track.ts";
import { FrameConsumer } from "../../src/queue/frame-consumer.ts";
import { FrameProducer } from "../../src/queue/frame-producer.ts";
import { createFrameQueueMemory } from "../../src/queue/frame-queue.ts";
import { loadSpeech } from "../simulator/people/speech.ts";

/** Five seconds of a person talking, interleaved for this many channels. */
export async function talk(channels: Channels): Promise<Int16Array> {
  const decoder = loadOpusCodec().create(channels);
  const { packets } = await loadSpeech("anna");
  const pcm = Buffer.concat(packets.slice(0, 250).map((packet) => decoder.decode(packet) ?? Buffer.alloc(0)));
  decoder.close();
  return new Int16Array(pcm.buffer, pcm.byteOffset, pcm.length / 2);
}

/** Opus packets of `frameSize` samples each, with in-band FEC unless told otherwise. */
export async function encode(
  pcm: Int16Array,
  options: EncoderOptions & { readonly frameSize: number },
): Promise<Buffer[]> {
  using encoder = await createEncoder({ application: 2048, fec: true, packetLossPercent: 20, ...options });
  const step = options.frameSize * encoder.channels;
  const packets: Buffer[] = [];
  for (let from = 0; from + step <= pcm.length; from += step)
    packets.push(Buffer.from(encoder.encode(pcm.subarray(from, from + step))));
  return packets;
}

/** Sends packets through a segment into a real queue, but for those that are lost; mono. */
export async function record(
  packets: readonly Buffer[],
  frameSize: number,
  lost: ReadonlySet<number>,
  codec: OpusCodec,
) {
  const memory = createFrameQueueMemory(4_096);
  const account = TrackAccount.open("42");
  const onHeard = (track: Track): void => void (track.account.track = 1);
  const producer = new FrameProducer(memory);
  const segment = new Segment(7, 1, codec);
  segment.claim(new Track(account, { producer, handle: 1, channels: 1, onHeard }));
  const header = emptyRtpHeader();
  for (const [index, media] of packets.entries()) {
    if (lost.has(index)) continue;
    // As between datagrams: a decoder for FEC that was asked for can come.
    await setImmediate();
    header.sequence = index;
    header.timestamp = index * frameSize;
    const packet = segment.number(header, media, index * frameSize);
    if (packet !== undefined) segment.accept(packet, packet.media);
    segment.advance(index * frameSize);
  }
  segment.close();
  const pcm = new Int16Array(packets.length * frameSize);
  const written = new Uint8Array(pcm.length);
  const consumer = new FrameConsumer(memory);
  for (let frame = consumer.peek(); frame !== undefined; frame = consumer.peek()) {
    for (let sample = 0; sample < frame.samples; sample++) {
      pcm[frame.position + sample] = frame.pcm.readInt16LE(sample * 2);
      written[frame.position + sample]! += 1;
    }
    consumer.release();
  }
  return { pcm, written, counts: account.snapshot().counts };
}
