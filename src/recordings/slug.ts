/** Longest slug, in code points: leaves room for number, title and extension in a 255-byte file name of any script. */
const MAX_LENGTH = 40;

/**
 * A name as part of a file name: letters, marks and digits of every script are kept (NFC), each run of anything else
 * becomes one dash. No separator, quote, dot, control or bidi mark survives. Never empty: `fallback` then.
 */
export function slugOf(name: string, fallback: string): string {
  const dashed = name
    .normalize("NFC")
    .replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, "-")
    // A combining mark needs a letter to sit on.
    .replaceAll(/(^|-)\p{M}+/gu, "$1");
  const slug = Array.from(dashed.replace(/^-+/, "")).slice(0, MAX_LENGTH).join("").replace(/-+$/, "");
  return slug === "" ? fallback : slug;
}
