import type { Client } from "discord.js";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { within } from "../recordings/deadline.ts";
import type { Manifest } from "../recordings/manifest.ts";
import { noticeText } from "./notice-text.ts";
import type { LinkSource } from "./recording-text.ts";
import { tellStarter } from "./starter.ts";

const EDIT_TIMEOUT_MS = 8_000;
/** Discord's ids; what was rebuilt from tracks alone has none. */
const SNOWFLAKE = /^\d{15,20}$/;

/**
 * Tells people of a recording whose process died, where they would have been told by that process. Never rejects: a
 * message that is gone or closed needs no more.
 */
export async function tellRecovered(
  client: Client<true>,
  manifest: Manifest,
  source: LinkSource & { readonly log: Log },
): Promise<void> {
  await rewriteNotice(client, manifest, source.log);
  // One that never began has no links to tell of.
  if (manifest.recovered && SNOWFLAKE.test(manifest.startedBy.id))
    await tellStarter(client, manifest, { ...source, endedBecause: undefined });
}

async function rewriteNotice(client: Client<true>, manifest: Manifest, log: Log): Promise<void> {
  const { notice } = manifest;
  if (notice === undefined) return;
  const channel = client.channels.cache.get(notice.channelId);
  if (channel === undefined || channel.isDMBased() || !channel.isTextBased()) return;
  try {
    const content = noticeText(manifest);
    const edited = channel.messages.edit(notice.messageId, { content, allowedMentions: { parse: [] } });
    await within(edited, EDIT_TIMEOUT_MS, "Editing the notice");
  } catch (error) {
    log.warn({ guildId: manifest.guild.id, error: messageOf(error) }, "notice of a former run not edited");
  }
}
