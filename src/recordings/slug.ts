/** Longest slug, in code points: leaves room for number, title and extension in a 255-byte file name of any script. */
const MAX_CHARACTERS = 40;

/** Letters and digits of any script, each with the marks that belong to it (Hindi and Thai need theirs). */
const WORDS = /(?:[\p{L}\p{N}]\p{M}*)+/gu;

/**
 * A name as part of a file name that every file system takes: words of any script (NFC) joined by `_`. No separator,
 * quote, dot, control or bidi mark survives. `fallback` where nothing is left.
 */
export function slugOf(name: string, fallback: string): string {
  const words = name.toWellFormed().normalize("NFC").match(WORDS) ?? [];
  const slug = Array.from(words.join("_")).slice(0, MAX_CHARACTERS).join("").replace(/_$/u, "");
  return slug === "" ? fallback : slug;
}
