import { DiscordAPIError, Events, HTTPError } from "discord.js";
import type { Client } from "discord.js";
import { messageOf, RecorderError } from "../errors.ts";
import { within } from "../recordings/deadline.ts";

/**
 * Logs in and waits until every guild is known. Rejects with `E-TOKEN`, `E-INTENTS` or `E-DISCORD-UNREACHABLE`.
 * discord.js tries an unreachable gateway for ever, hence the deadline.
 */
export async function logIn(client: Client, token: string, apiUrl: string, timeoutMs: number): Promise<void> {
  const ready = new Promise<void>((resolve) => {
    client.once(Events.ClientReady, () => resolve());
  });
  try {
    await within(
      client.login(token).then(() => ready),
      timeoutMs,
      "Logging in",
    );
  } catch (error) {
    throw explainLogin(error, apiUrl);
  }
}

/** What @discordjs/ws and discord.js say of a login that can never succeed (their `dist`, 1.2.3 and 14.28.1). */
const TOKEN_FAULTS = /authentication failed|invalid token/i;
const INTENT_FAULTS = /(disallowed|invalid) intents/i;

/** Discord, "Gateway Close Event Codes". */
const AUTHENTICATION_FAILED = 4004;
const INVALID_INTENTS = 4013;
const DISALLOWED_INTENTS = 4014;

/** Why a session that stood has been ended for good, by the code with which the gateway closed. */
export function explainRefusal(code: number): RecorderError {
  const cause = new Error(`the gateway closed with ${code}`);
  if (code === AUTHENTICATION_FAILED) return tokenRefused(cause);
  if (code === INVALID_INTENTS || code === DISALLOWED_INTENTS) return intentsRefused(cause);
  return new RecorderError(
    "E-DISCORD",
    `Discord has ended the session for good (${code}).`,
    "Look at the bot's page at https://discord.com/developers/applications, then start again.",
    { cause },
  );
}

function tokenRefused(cause: unknown): RecorderError {
  return new RecorderError(
    "E-TOKEN",
    "Discord does not accept DISCORD_TOKEN.",
    'Copy the token anew from the page "Bot" of https://discord.com/developers/applications and start again.',
    { cause },
  );
}

function intentsRefused(cause: unknown): RecorderError {
  return new RecorderError(
    "E-INTENTS",
    "Discord refuses the intents Guilds and GuildVoiceStates to this bot.",
    "Neither is privileged: check that the application is not restricted in the developer portal.",
    { cause },
  );
}

function explainLogin(error: unknown, apiUrl: string): RecorderError {
  const why = reasonOf(error);
  const isUnauthorized = error instanceof DiscordAPIError && error.status === 401;
  if (TOKEN_FAULTS.test(why) || isUnauthorized) return tokenRefused(error);
  if (INTENT_FAULTS.test(why)) return intentsRefused(error);
  return new RecorderError(
    "E-DISCORD-UNREACHABLE",
    `Discord cannot be reached at ${apiUrl}: ${why}.`,
    "Check the network and DISCORD_API_URL, then start again.",
    { cause: error },
  );
}

/** `fetch failed` says nothing; the causes below it do. */
function reasonOf(error: unknown): string {
  if (error instanceof DiscordAPIError || error instanceof HTTPError)
    return `it answers with HTTP ${error.status}`;
  // What discord.js trips over when an address answers, but not as Discord does.
  if (error instanceof TypeError && error.cause === undefined) return "something else answers there";
  const reasons: string[] = [];
  for (
    let at = error;
    at !== undefined && reasons.length < 4;
    at = at instanceof Error ? at.cause : undefined
  ) {
    const message = messageOf(at instanceof AggregateError ? at.errors[0] : at);
    if (message !== "" && !reasons.includes(message)) reasons.push(message);
  }
  return reasons.join(": ").replace(/\.$/, "");
}
