/** Names of track files: `01-Zoë.wav`. The number keeps them apart and harmless (`01-CON.wav`), the name is for people. */

/** Most file systems end a name at 255 bytes; 40 characters of four bytes fit. */
const MAX_CHARACTERS = 40;

/** Letters and digits of any script, each with the marks that belong to it (Hindi and Thai need theirs). */
const WORDS = /(?:[\p{L}\p{N}]\p{M}*)+/gu;

/** The part of a name that every file system takes: words joined by `_`; `user` when none is left. */
export function slugOf(name: string): string {
  const words = name.toWellFormed().normalize("NFC").match(WORDS) ?? [];
  const slug = Array.from(words.join("_")).slice(0, MAX_CHARACTERS).join("");
  return slug === "" ? "user" : slug.replace(/_$/u, "");
}

/** The file's name inside `tracks/`. `name` is a person's name, or the user id while the name is unknown. */
export function trackFileName(track: number, name: string): string {
  return `${String(track).padStart(2, "0")}-${slugOf(name)}.wav`;
}
