import { secondsOf } from "../audio/pcm.ts";
import type { Manifest } from "../recordings/manifest.ts";
import { expiryOf } from "../web/links.ts";
import type { Links } from "../web/links.ts";
import { lossLines } from "./loss.ts";
import { escapeText, packLines } from "./markdown.ts";

/** The answers to `/record`: pure. Addresses stand in `<>`, so that Discord neither fetches nor previews them. */

/** More follow-ups than this would bury the answer; the page has every link. */
const MAX_MESSAGES = 8;

export type LinkSource = {
  readonly links: Pick<Links, "page" | "track" | "archive">;
  readonly retentionDays: number;
};

/** `/record start`: where and how it records, and where the recording will be. */
export function startedAnswer(manifest: Manifest, { links }: LinkSource): readonly string[] {
  return packLines([
    `🔴 Recording <#${manifest.channel.id}>: one ${manifest.channels === 2 ? "stereo" : "mono"} WAV per person.`,
    `Title: ${escapeText(manifest.title)}`,
    `Page: <${links.page(manifest.id)}>`,
    "`/record stop` ends it and answers with the links.",
  ]);
}

/** `/record stop`: the page, the ZIP of everything, then every person's WAV; as many messages as Discord's limit makes necessary. */
export function stoppedAnswer(
  manifest: Manifest,
  source: LinkSource,
  endedBecause?: string,
): readonly string[] {
  const { links } = source;
  const expiresAtS = expiryOf(manifest.startedAtMs ?? manifest.endedAtMs ?? 0, source.retentionDays);
  const tracks = manifest.tracks
    .filter(({ file }) => file !== undefined)
    .map(({ track, name }) => `🎙️ **${escapeText(name)}**: <${links.track(manifest.id, track, expiresAtS)}>`);
  const head = [
    `⏹️ Recorded ${lengthOf(manifest)} in <#${manifest.channel.id}>: ${escapeText(manifest.title)}`,
    ...(endedBecause === undefined ? [] : [`It ended because ${endedBecause}.`]),
    `Page: <${links.page(manifest.id)}>`,
    ...(manifest.error === undefined ? [] : [`⚠️ ${manifest.error.message} (${manifest.error.code})`]),
    ...(tracks.length === 0 ? ["Nobody was heard, so there are no tracks."] : []),
    ...lossLines(manifest),
    ...(tracks.length === 0
      ? []
      : [
          `📦 Everything in one ZIP, ready in a moment: <${links.archive(manifest.id, expiresAtS)}>`,
          `The links work until <t:${expiresAtS}:f>.`,
        ]),
  ];
  const messages = packLines([...head, ...tracks]);
  if (messages.length <= MAX_MESSAGES) return messages;
  return [
    ...messages.slice(0, MAX_MESSAGES),
    `… the other links are on the page: <${links.page(manifest.id)}>`,
  ];
}

const STATES: Record<Manifest["state"], string> = {
  connecting: "🟡 Joining",
  recording: "🔴 Recording",
  reconnecting: "🟠 Reconnecting to",
  finishing: "⏳ Finishing the tracks of",
  finished: "⏹️ Finished recording",
  failed: "⚠️ Failed to record",
};

/** `/record status`: state, since when, who was heard, and whether anything is missing. */
export function statusAnswer(manifest: Manifest, { links }: LinkSource): readonly string[] {
  const { startedAtMs, tracks } = manifest;
  const since = startedAtMs === undefined ? "" : `, started <t:${Math.floor(startedAtMs / 1000)}:R>`;
  const names = tracks.map(({ name }) => escapeText(name));
  const heard = names.length > 20 ? `${names.slice(0, 20).join(", ")} …` : names.join(", ");
  return packLines([
    `${STATES[manifest.state]} <#${manifest.channel.id}>${since} by ${escapeText(manifest.startedBy.name)}.`,
    `Title: ${escapeText(manifest.title)}`,
    tracks.length === 0 ? "Nobody was heard so far." : `Heard so far (${tracks.length}): ${heard}`,
    ...lossLines(manifest),
    `Page: <${links.page(manifest.id)}>`,
  ]);
}

/** `1:02:03` or `2:03`. */
export function lengthOf(manifest: Manifest): string {
  const total = Math.round(secondsOf(manifest.lengthSamples ?? 0));
  const seconds = String(total % 60).padStart(2, "0");
  const minutes = Math.floor(total / 60) % 60;
  const hours = Math.floor(total / 3600);
  return hours === 0 ? `${minutes}:${seconds}` : `${hours}:${String(minutes).padStart(2, "0")}:${seconds}`;
}
