import type { Client } from "discord.js";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { within } from "../recordings/deadline.ts";
import type { Manifest } from "../recordings/manifest.ts";
import { stoppedAnswer } from "./recording-text.ts";
import type { LinkSource } from "./recording-text.ts";

const SEND_TIMEOUT_MS = 8_000;

/**
 * Sends the links of a recording that ended without `/record stop` to the person who started it, and to nobody else:
 * the answer to `/record start` is gone as soon as they reload Discord. Never rejects; closed messages are their choice.
 */
export async function tellStarter(
  client: Client<true>,
  manifest: Manifest,
  source: LinkSource & { readonly endedBecause: string | undefined; readonly log: Log },
): Promise<void> {
  const { endedBecause, log } = source;
  try {
    for (const content of stoppedAnswer(manifest, source, endedBecause)) {
      const sent = client.users.send(manifest.startedBy.id, { content, allowedMentions: { parse: [] } });
      await within(sent, SEND_TIMEOUT_MS, "Sending the links");
    }
  } catch (error) {
    log.info({ guildId: manifest.guild.id, error: messageOf(error) }, "links not sent to who started it");
  }
}
