/** Text of people's making, made safe for a Discord message: pure. */

/** Line breaks, controls, and marks that turn the writing direction. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u{202a}-\u{202e}\u{2066}-\u{2069}]+/gu;

/** What Discord reads as formatting, mention, link or emoji; `:` also stops `https://` from becoming a link. */
const FORMATTING = /[\\*_~`|<>[\]:@#]/g;

/** One line without control characters, trimmed and cut to so many characters, no surrogate pair split. */
export function oneLine(text: string, maxCharacters: number): string {
  const line = text.replace(UNPRINTABLE, " ").replace(/\s+/gu, " ").trim();
  return line.length <= maxCharacters ? line : line.slice(0, maxCharacters).replace(/[\ud800-\udbff]$/, "");
}

/** A name or title as people wrote it: never formatting, mention or link. */
export function escapeText(text: string): string {
  return oneLine(text, 100).replace(FORMATTING, String.raw`\$&`);
}

/** Discord's limit for a message's text. */
export const MESSAGE_CHARACTERS = 2_000;

/** Lines packed into as few messages as Discord's limit allows; a line that fits no message at all is cut. */
export function packLines(lines: readonly string[]): readonly string[] {
  const messages: string[] = [];
  let current = "";
  for (const line of lines.map((text) => text.slice(0, MESSAGE_CHARACTERS))) {
    if (current !== "" && current.length + 1 + line.length > MESSAGE_CHARACTERS) {
      messages.push(current);
      current = line;
    } else {
      current = current === "" ? line : `${current}\n${line}`;
    }
  }
  return current === "" ? messages : [...messages, current];
}
