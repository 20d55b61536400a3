/** Our way, as shipped: segments, tracks, the queue, the writer's thread, WAV files. Faster than real time. */
import { join } from "node:path";
import { FRAME_SAMPLES } from "../../src/audio/pcm.ts";
import { loadOpusCodec } from "../../src/capture/decoder.ts";
import { emptyRtpHeader } from "../../src/capture/rtp.ts";
import { Segment } from "../../src/capture/segment.ts";
import { TrackAccount } from "../../src/capture/track-account.ts";
import { Track } from "../../src/capture/track.ts";
import type { TrackCounts } from "../../src/recordings/counts.ts";
import { sleep } from "../support/wait.ts";
import type { WriterSetup } from "../writer/recording-setup.ts";
import type { Arrival } from "./network.ts";

/** The writer is given time when this much waits in the queue of 16,384. */
const QUEUE_HIGH = 12_000;
const QUEUE_LOW = 2_000;
const HANDLE = 1;

export type Recorded = {
  /** WAV of each speaker, by number; kept until `setup` is disposed. */
  readonly files: readonly string[];
  readonly samples: readonly number[];
  readonly counts: readonly TrackCounts[];
};

/** Records packets that come in the order given, ticking every 20 ms of their time. */
export async function record(
  setup: WriterSetup,
  arrivals: readonly Arrival[],
  speakers: number,
): Promise<Recorded> {
  await setup.open(HANDLE, 1);
  const codec = loadOpusCodec();
  const tracks = Array.from(
    { length: speakers },
    (_, speaker) =>
      new Track(TrackAccount.open(String(1001 + speaker)), {
        producer: setup.producer,
        handle: HANDLE,
        channels: 1,
        onHeard: (track) => {
          track.account.track = speaker + 1;
        },
      }),
  );
  const segments = tracks.map((track, speaker) => {
    const segment = new Segment(speaker + 1, 1, codec);
    segment.claim(track);
    return segment;
  });
  const header = emptyRtpHeader();
  let now = 0;
  for (const { speaker, arrival, sequence, timestamp, opus } of arrivals) {
    for (; now + FRAME_SAMPLES <= arrival; now += FRAME_SAMPLES)
      for (const segment of segments) segment.advance(now + FRAME_SAMPLES);
    header.sequence = sequence;
    header.timestamp = timestamp;
    const segment = segments[speaker];
    const packet = segment?.number(header, opus, arrival);
    if (packet !== undefined) segment?.accept(packet, packet.media);
    if (setup.producer.queuedFrames > QUEUE_HIGH)
      while (setup.producer.queuedFrames > QUEUE_LOW) await sleep(2);
  }
  for (const segment of segments) segment.close();
  const lengthSamples = Math.max(Math.ceil(now), ...tracks.map(({ endPosition }) => endPosition));
  const written = await setup.writer.close(HANDLE, { lengthSamples, fence: setup.producer.tail });
  const inOrder = written.toSorted((a, b) => a.track - b.track);
  return {
    files: inOrder.map(({ file }) => join(setup.folder(HANDLE), "tracks", file)),
    samples: inOrder.map(({ samples }) => samples),
    counts: tracks.map(({ account }) => account.snapshot().counts),
  };
}
