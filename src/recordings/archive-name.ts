import type { Manifest } from "./manifest.ts";
import { slugOf } from "./slug.ts";

/** The recording's title as part of file names: `Weekly-planning`. */
export function titleSlug({ title, channel }: Pick<Manifest, "title" | "channel">): string {
  return slugOf(title, slugOf(channel.name, "recording"));
}

/** Name of the ZIP inside `exports/`, and of its download. */
export function archiveName(manifest: Pick<Manifest, "title" | "channel">): string {
  return `${titleSlug(manifest)}.zip`;
}
