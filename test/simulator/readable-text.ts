/** What a person can read of a message. Pure. */
import type { Message } from "./world.ts";

const TEXT_KEYS = new Set(["content", "title", "description", "label", "name", "value", "text", "url"]);

/** Content, then embeds, then components: every text, label and link in reading order, one per line. */
export function readableText(message: Message): string {
  const lines: string[] = message.content === "" ? [] : [message.content];
  collect(message.embeds, lines);
  collect(message.components, lines);
  return lines.join("\n");
}

function collect(value: unknown, lines: string[]): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, lines);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      if (typeof item === "string") {
        if (TEXT_KEYS.has(key)) lines.push(item);
      } else collect(item, lines);
    }
  }
}
