/**
 * What is missing from a recording: when, how long, and why, in sentences. The one source of them; Discord and the page
 * only set them out. Pure, plain text in English, positions from the recording's beginning.
 */
import type { Gap, GapReason } from "./gap.ts";
import { interruptionLine } from "./interruption-words.ts";
import { isOver } from "./manifest.ts";
import type { Manifest, ManifestTrack, Unheard } from "./manifest.ts";
import { balances } from "./counts.ts";
import type { TrackCounts } from "./counts.ts";
import { durationInWords, nextTenth, positionInWords, trimmed } from "./time-words.ts";

/** One thing that is missing. */
export type MissingPart = {
  readonly kind: "interruption" | "unheard" | "gap" | "packets" | "unknown";
  /** Whose part it is, of somebody who has no track. */
  readonly name?: string;
  /** Where, as far as it is known; without an end while it lasts. */
  readonly fromSamples?: number | undefined;
  readonly toSamples?: number | undefined;
  /** Why, as a stable word for programs. */
  readonly reason: string;
  /** All of it, as a sentence. */
  readonly text: string;
};

/** One person's part. */
export type TrackReport = {
  readonly track: number;
  readonly name: string;
  /** In the order of the positions; what has none comes last. */
  readonly missing: readonly MissingPart[];
  /** What was made up in place of lost packets, as a sentence: it is heard, though not as it was said. */
  readonly repaired: string | undefined;
  /** Whether all of it is there, in a word or two; undefined where that says nothing yet. */
  readonly verdict: string | undefined;
};

export type GapReport = {
  /** Nothing is known to be missing, from anybody. */
  readonly complete: boolean;
  /** What concerns everybody, or nobody who is known. */
  readonly recording: readonly MissingPart[];
  readonly tracks: readonly TrackReport[];
};

/** What is known by now; of a recording that is over, all there is to know. */
export function gapReport(manifest: Manifest): GapReport {
  const recording = recordingParts(manifest);
  const tracks = manifest.tracks.map((track) => trackReport(manifest, track, recording.length > 0));
  return {
    complete: recording.length === 0 && tracks.every(({ missing }) => missing.length === 0),
    recording,
    tracks,
  };
}

function recordingParts(manifest: Manifest): MissingPart[] {
  const { interruptions = [], unheard = [], connection, recovered, lengthSamples } = manifest;
  const parts: MissingPart[] = interruptions.map((interruption) => ({
    kind: "interruption",
    fromSamples: interruption.fromSamples,
    toSamples: interruption.toSamples,
    reason: interruption.cause,
    text: interruptionLine(interruption),
  }));
  for (const span of unheard) {
    if (manifest.tracks.some(({ userId }) => userId === span.userId)) continue;
    parts.push({ ...unheardPart(span), name: span.name });
  }
  for (const position of manifest.writerDeaths ?? []) {
    const about = positionInWords(position);
    const text = `The part of the recorder that writes the files crashed shortly before ${about}: up to a second of each voice may be missing.`;
    parts.push({ kind: "unknown", toSamples: position, reason: "writer", text });
  }
  if (recovered === true) {
    const at = lengthSamples === undefined ? "" : ` at ${positionInWords(lengthSamples)}`;
    const text = `The recorder itself crashed or was killed${at}: up to 2 s before that and everything after it are missing.`;
    parts.push({ kind: "unknown", fromSamples: lengthSamples, reason: "died", text });
  }
  const unattributed = connection?.unattributed ?? 0;
  if (unattributed > 0) {
    const text = `${packets(unattributed)} came from people whom Discord never named: on no track.`;
    parts.push({ kind: "packets", reason: "unattributed", text });
  }
  return parts;
}

function trackReport(manifest: Manifest, track: ManifestTrack, elsewhere: boolean): TrackReport {
  const { track: number, name, counts, gaps = [] } = track;
  const over = isOver(manifest);
  const missing = gaps
    .filter((gap) => !isInInterruption(manifest, gap))
    .sort((a, b) => a.fromSamples - b.fromSamples)
    .map(gapPart);
  // One that is over has become gaps, or was decrypted after all.
  const unheard = manifest.unheard?.find((one) => one.userId === track.userId && one.toSamples === undefined);
  if (unheard !== undefined && !over) missing.push(unheardPart(unheard));
  if (counts !== undefined) missing.push(...countedParts(counts, gaps, over && manifest.recovered !== true));
  if (manifest.state === "failed" && track.writtenSamples === undefined)
    missing.push(unknown("written", "How much of it reached the disk is not known."));
  else if (over && counts === undefined) missing.push(unknown("counts", "How complete it is, is not known."));
  // After a failure the counts do not tell everything.
  const rest =
    manifest.state === "failed" ? "Nothing else is known to be missing" : "Nothing else is missing";
  const whole = elsewhere || manifest.state === "failed" ? rest : "Complete";
  return {
    track: number,
    name,
    missing,
    repaired: counts === undefined ? undefined : repairedInWords(counts),
    verdict: missing.length > 0 || counts === undefined ? undefined : over ? whole : "Complete so far",
  };
}

function unheardPart({ fromSamples, toSamples }: Unheard): MissingPart {
  const from = positionInWords(fromSamples);
  const text =
    toSamples === undefined
      ? `speaks and cannot be decrypted since ${from}.`
      : `spoke and could not be decrypted from ${from} to ${positionInWords(toSamples)}.`;
  return { kind: "unheard", fromSamples, toSamples, reason: "key", text };
}

const WHY: Readonly<Record<GapReason, string>> = {
  network: "lost on the network on the way to the recorder",
  key: "it could not be decrypted, because its key never came",
  undecodable: "it was damaged on the way, or is no sound that the recorder knows",
  queue: "the recorder's disk was too slow",
  disk: "the recorder's disk refused it",
};

/** One gap as a sentence. */
export function gapInWords({ reason, fromSamples, toSamples, missingSamples }: Gap): string {
  const whole = missingSamples === toSamples - fromSamples;
  const where = whole
    ? `at ${positionInWords(fromSamples)}`
    : `between ${positionInWords(fromSamples)} and ${positionInWords(nextTenth(toSamples))}`;
  return `${durationInWords(missingSamples)} missing ${where}: ${WHY[reason]}.`;
}

/**
 * Whether nobody could be heard there anyway, which has been said: such as the last packets of a lost group. Where several
 * interruptions are told as one, it may lie between two of them.
 */
function isInInterruption({ interruptions = [] }: Manifest, gap: Gap): boolean {
  return interruptions.some(
    ({ fromSamples, toSamples = Infinity, missingSamples }) =>
      missingSamples === undefined && fromSamples <= gap.fromSamples && gap.toSamples <= toSamples,
  );
}

function gapPart(gap: Gap): MissingPart {
  const { reason, fromSamples, toSamples } = gap;
  return { kind: "gap", fromSamples, toSamples, reason, text: gapInWords(gap) };
}

/** What was counted and has no place: nobody knows it, or a former version did not keep it. */
function countedParts(counts: TrackCounts, gaps: readonly Gap[], ended: boolean): MissingPart[] {
  const placed = new Set(gaps.map(({ reason }) => reason));
  const parts: MissingPart[] = [];
  const tell = (reason: string, count: number, why: string): void => {
    if (count > 0) parts.push({ kind: "packets", reason, text: `${packets(count)} missing: ${why}.` });
  };
  if (!placed.has("queue")) tell("queue", counts.dropped, WHY.queue);
  if (!placed.has("disk")) tell("disk", counts.unwritten, WHY.disk);
  if (!placed.has("key")) tell("key", counts.expired - counts.abandoned, WHY.key);
  if (!placed.has("undecodable")) tell("undecodable", counts.undecodable, WHY.undecodable);
  tell("abandoned", counts.abandoned, "lost when the part of the recorder that listens crashed");
  tell("late", counts.late, "they came too late");
  tell("ahead", counts.ahead, "their time lies too far ahead");
  // Forged or malformed ones are missing where their numbers are: the hole is told as lost on the network.
  const { rejected, forged, malformed, undecodable, ahead } = counts;
  const untold = rejected - forged - malformed - undecodable - ahead;
  tell("rejected", untold, "they could not be opened or decoded");
  if (ended) tell("held", counts.held, "they could not be decrypted by the end");
  if (!balances(counts)) parts.push(unknown("counts", "The packet counts do not add up."));
  return parts;
}

function repairedInWords({ concealedSamples }: TrackCounts): string | undefined {
  return concealedSamples === 0
    ? undefined
    : `${durationInWords(concealedSamples)} repaired after packets were lost on the network.`;
}

function unknown(reason: string, text: string): MissingPart {
  return { kind: "unknown", reason, text };
}

/** Discord's packets last 20 ms. */
function packets(count: number): string {
  return count === 1 ? "1 packet (20 ms)" : `${count} packets (${trimmed(count / 50)} s)`;
}
