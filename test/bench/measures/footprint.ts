/** What an hour of one speaker takes on disk. Generated, faster than real time. */
import { statSync } from "node:fs";
import { BYTES_PER_SAMPLE, FRAME_SAMPLES } from "../../../src/audio/pcm.ts";
import type { SentPacket } from "../../accuracy/network.ts";
import { record } from "../../accuracy/recorded.ts";
import { WriterSetup } from "../../writer/recording-setup.ts";
import { FRAMES_PER_SECOND, speechOf } from "../harness/load.ts";
import { oggPage } from "../peers/ogg-page.ts";
import type { Table } from "../report/table.ts";
import { fixed } from "../report/words.ts";

export type Footprint = {
  readonly hours: number;
  readonly talkShare: number;
  /** Bytes that the disk really holds for an hour of one speaker. */
  readonly oursBytes: number;
  /** The length the file claims. */
  readonly oursFileBytes: number;
  readonly appendedBytes: number;
  readonly paddedBytes: number;
  readonly opusBytes: number;
};

const TURN_SECONDS = 10;

/** One speaker talks for the first part of every ten seconds. */
export async function measureFootprint(hours: number, talkShare: number): Promise<Footprint> {
  const seconds = hours * 3_600;
  const { packets } = await speechOf(0, seconds);
  const arrivals: SentPacket[] = [];
  for (const [frame, opus] of packets.entries()) {
    if ((frame / FRAMES_PER_SECOND) % TURN_SECONDS >= TURN_SECONDS * talkShare) continue;
    const position = frame * FRAME_SAMPLES;
    arrivals.push({
      speaker: 0,
      ssrc: 1,
      arrival: position,
      sequence: arrivals.length & 0xffff,
      timestamp: position,
      opus,
    });
  }
  await using setup = await WriterSetup.start();
  const { files, samples } = await record(setup, arrivals, 1);
  const { blocks, size } = statSync(files[0] ?? "");
  const perHour = (bytes: number): number => bytes / hours;
  return {
    hours,
    talkShare,
    oursBytes: perHour(blocks * 512),
    oursFileBytes: perHour(size),
    appendedBytes: perHour(arrivals.length * FRAME_SAMPLES * BYTES_PER_SAMPLE),
    paddedBytes: perHour((samples[0] ?? 0) * BYTES_PER_SAMPLE),
    opusBytes: perHour(arrivals.reduce((sum, { opus }) => sum + oggPage(1, 0, 0n, opus).length, 0)),
  };
}

export function footprintTable(found: Footprint): Table {
  const row = (name: string, bytes: number): string[] => [name, fixed(bytes / 1e6, 1)];
  return {
    title: `On disk for an hour of one speaker who talks ${Math.round(found.talkShare * 100)} % of it`,
    columns: ["", "MB"],
    rows: [
      row("this recorder (holes where nothing is said; whole timeline)", found.oursBytes),
      row("the same, silence written out", found.paddedBytes),
      row("PCM one after the other (stream, sync, memory; silence missing)", found.appendedBytes),
      row("undecoded Opus by arrival", found.opusBytes),
    ],
  };
}
