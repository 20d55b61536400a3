import type { WavTags } from "../audio/wav-tags.ts";
import type { Manifest } from "../recordings/manifest.ts";

/** What a track's WAV says of itself, from what the recording's manifest says. */
export function wavTagsOf(
  {
    id,
    title,
    guild,
    channel,
    startedAtMs = 0,
  }: Pick<Manifest, "id" | "title" | "guild" | "channel" | "startedAtMs">,
  { track, name }: { readonly track: number; readonly name: string },
): WavTags {
  return { name, title, place: `${guild.name} / ${channel.name}`, recordingId: id, track, startedAtMs };
}
