import type { Manifest } from "../recordings/manifest.ts";
import { isInterrupted } from "../recordings/interruptions.ts";
import { escapeText } from "./markdown.ts";
import { lengthOf } from "./recording-text.ts";

/** The public message of a recording in its present state: pure. No links: it is for everybody in the channel. */
export function noticeText(manifest: Manifest, endedBecause?: string): string {
  const { state } = manifest;
  const running = state === "recording" || state === "reconnecting";
  return TEXTS[running && isInterrupted(manifest, "moved") ? "moved" : state](
    manifest,
    `<#${manifest.channel.id}>`,
    endedBecause,
  );
}

/** What remains of the message in a channel that the recording has left. */
export function leftText(manifest: Manifest, former: Manifest["channel"]): string {
  return `⏹️ <#${former.id}> is no longer recorded: I was moved to <#${manifest.channel.id}>, and the recording goes on there.`;
}

const TEXTS: Record<
  Manifest["state"] | "moved",
  (manifest: Manifest, where: string, because?: string) => string
> = {
  connecting: (manifest, where) =>
    `🔴 **${where} is about to be recorded**${startedBy(manifest)}. Everybody heard gets a track of their own.`,
  recording: (manifest, where) =>
    isInterrupted(manifest, "deafened")
      ? `🔇 **${where} is being recorded**${since(manifest)}, but an admin has deafened me: nobody is heard.`
      : `🔴 **${where} is being recorded**${since(manifest)}${startedBy(manifest)}. Everybody heard gets a track of their own.`,
  moved: (manifest, where) =>
    `🔴 **${where} is being recorded from now on**${startedBy(manifest)}: I was moved here. Everybody heard gets a track of their own.`,
  reconnecting: (manifest, where) =>
    `🟠 **${where} is being recorded**${since(manifest)}, but the connection was lost: nobody is heard until it is back. I keep reconnecting.`,
  finishing: (_, where) => `⏳ The recording of ${where} has ended; its tracks are being finished.`,
  finished: (manifest, where, because) =>
    `⏹️ The recording of ${where} has ended${howItEnded(manifest, because)}: ` +
    `${lengthOf(manifest)}, ${people(manifest.tracks.length)}.${fault(manifest)}`,
  failed: (manifest, where) => `⚠️ The recording of ${where} has failed.${fault(manifest)}`,
};

function howItEnded({ recovered }: Manifest, because: string | undefined): string {
  if (recovered) return " unexpectedly";
  return because === undefined ? "" : ` because ${because}`;
}

function startedBy({ startedBy: { name } }: Manifest): string {
  return `, started by ${escapeText(name)}`;
}

function since({ startedAtMs }: Manifest): string {
  return startedAtMs === undefined ? "" : ` since <t:${Math.floor(startedAtMs / 1000)}:t>`;
}

function fault({ error }: Manifest): string {
  return error === undefined ? "" : ` ${error.message} (${error.code})`;
}

function people(count: number): string {
  if (count === 0) return "nobody was heard";
  return count === 1 ? "1 person was heard" : `${count} people were heard`;
}
