/** Our way, as shipped: intake, segments, tracks, the queue, the writer's thread, WAV files. Faster than real time. */
import { join } from "node:path";
import { FRAME_SAMPLES, SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { loadOpusCodec } from "../../src/capture/decoder.ts";
import type { OpusCodec } from "../../src/capture/opus-decoder.ts";
import { FecLibrary } from "../../src/capture/fec-library.ts";
import { KeyWatch } from "../../src/capture/key-watch.ts";
import { MediaIntake } from "../../src/capture/media-intake.ts";
import type { DaveState } from "../../src/capture/media-lock.ts";
import { emptyRtpHeader } from "../../src/capture/rtp.ts";
import { TrackAccount } from "../../src/capture/track-account.ts";
import { Track } from "../../src/capture/track.ts";
import type { TrackCounts } from "../../src/recordings/counts.ts";
import { sleep } from "../support/wait.ts";
import type { WriterSetup } from "../writer/recording-setup.ts";
import type { SentPacket } from "./network.ts";

/** The writer is given time when this much waits in the queue of 16,384. */
const QUEUE_HIGH = 2_000;
const QUEUE_LOW = 500;
const MINUTE_SAMPLES = 60 * SAMPLE_RATE;
const FIRST_USER_ID = 1_001;
const BOT_USER_ID = "1000";
/** These calls are not end-to-end encrypted. */
const CLEAR: DaveState = { protocolVersion: 0, session: undefined };

export type Recorded = {
  /** WAV of each speaker, by number; kept until `setup` is disposed. */
  readonly files: readonly string[];
  readonly samples: readonly number[];
  readonly sizesBytes: readonly number[];
  readonly counts: readonly TrackCounts[];
};

export type RecordOptions = {
  /** By default one is loaded. */
  readonly codec?: OpusCodec;
  /** Of the recording, where the writer has had another. */
  readonly handle?: number;
  /** Where the recording ends; by default behind everything that came. */
  readonly lengthSamples?: number;
  /** Awaited at the end of each minute of the recording. */
  readonly onMinute?: (minute: number) => Promise<void>;
};

/** The decoder as the capture thread has it, with FEC. */
export async function loadShippedCodec(): Promise<OpusCodec> {
  const fec = new FecLibrary();
  await fec.ready;
  return loadOpusCodec(undefined, fec);
}

/** Records packets that come in the order given, ticking every 20 ms of their time. Keeps none of them. */
export async function record(
  setup: WriterSetup,
  arrivals: Iterable<SentPacket>,
  speakers: number,
  { lengthSamples, onMinute, codec, handle = 1 }: RecordOptions = {},
): Promise<Recorded> {
  await setup.open(handle, 1);
  const { producer } = setup;
  const tracks = Array.from({ length: speakers }, (_, speaker) => {
    const onHeard = (track: Track): void => void (track.account.track = speaker + 1);
    const account = TrackAccount.open(userIdOf(speaker));
    return new Track(account, { producer, handle, channels: 1, onHeard });
  });
  const tracksByUser = new Map(tracks.map((track) => [track.userId, track]));
  const intake = new MediaIntake({
    channels: 1,
    codec: codec ?? (await loadShippedCodec()),
    botUserId: BOT_USER_ID,
    counts: { unattributed: 0 },
    keyWatch: new KeyWatch(),
    dave: () => CLEAR,
    members: () => [],
    trackOf: (userId) => {
      const track = tracksByUser.get(userId);
      if (track === undefined) throw new Error(`${userId} is not among the speakers.`);
      return track;
    },
  });
  const header = emptyRtpHeader();
  const ssrcs = new Set<number>();
  let now = 0;
  const tickUntil = async (end: number): Promise<void> => {
    for (; now + FRAME_SAMPLES <= end;) {
      now += FRAME_SAMPLES;
      intake.tick(msOf(now), now);
      if (now % MINUTE_SAMPLES === 0) await onMinute?.(now / MINUTE_SAMPLES);
    }
  };
  for (const { speaker, ssrc, arrival, sequence, timestamp, opus } of arrivals) {
    if (now + FRAME_SAMPLES <= arrival) await tickUntil(arrival);
    if (!ssrcs.has(ssrc)) {
      ssrcs.add(ssrc);
      intake.learn({ kind: "sends", userId: userIdOf(speaker), ssrc }, msOf(arrival));
    }
    header.ssrc = ssrc;
    header.sequence = sequence;
    header.timestamp = timestamp;
    intake.receive(header, opus, msOf(arrival), arrival);
    if (producer.queuedFrames > QUEUE_HIGH) while (producer.queuedFrames > QUEUE_LOW) await sleep(2);
  }
  await tickUntil(lengthSamples ?? 0);
  intake.close();
  const end = lengthSamples ?? Math.max(Math.ceil(now), ...tracks.map(({ endPosition }) => endPosition));
  const written = await setup.writer.close(handle, { lengthSamples: end, fence: producer.tail });
  const inOrder = written.toSorted((a, b) => a.track - b.track);
  return {
    files: inOrder.map(({ file }) => join(setup.folder(handle), "tracks", file)),
    samples: inOrder.map(({ samples }) => samples),
    sizesBytes: inOrder.map(({ sizeBytes }) => sizeBytes),
    counts: tracks.map(({ account }) => account.snapshot().counts),
  };
}

function userIdOf(speaker: number): string {
  return String(FIRST_USER_ID + speaker);
}

function msOf(samples: number): number {
  return (samples * 1000) / SAMPLE_RATE;
}
