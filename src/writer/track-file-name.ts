import { slugOf } from "../recordings/slug.ts";

/**
 * The file's name inside `tracks/`: `01-Zoë.wav`. The number keeps files apart and harmless (`01-CON.wav`), the name is
 * for people: a person's name, or the user id while the name is unknown.
 */
export function trackFileName(track: number, name: string): string {
  return `${String(track).padStart(2, "0")}-${slugOf(name, "user")}.wav`;
}
