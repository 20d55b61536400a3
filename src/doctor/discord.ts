/** Whether Discord takes the token, and what the bot may do in each of its servers; over REST alone, without logging in. */
import { PermissionFlagsBits } from "discord.js";
import { z } from "zod";
import { messageOf } from "../errors.ts";
import { inviteLink } from "../setup-guide.ts";
import { good, note, wrong } from "./finding.ts";
import type { Finding } from "./finding.ts";

const TIMEOUT_MS = 10_000;
/** Discord gives no more at once; a bot in more servers than that has other means. */
const MAX_GUILDS = 200;

const userSchema = z.object({ id: z.string(), username: z.string() });
const gatewaySchema = z.object({
  session_start_limit: z.object({ remaining: z.number(), reset_after: z.number() }),
});
const guildsSchema = z.array(z.object({ name: z.string(), permissions: z.string() }));

/** By the names Discord's settings show. Without the first three nothing can be recorded. */
const NEEDED = [
  ["View Channels", PermissionFlagsBits.ViewChannel],
  ["Connect", PermissionFlagsBits.Connect],
  ["Speak", PermissionFlagsBits.Speak],
] as const;
/** People must be able to see that they are recorded: one of these will do. */
const SIGNS = [
  ["Send Messages", PermissionFlagsBits.SendMessages],
  ["Change Nickname", PermissionFlagsBits.ChangeNickname],
] as const;

export async function checkDiscord(apiUrl: string, token: string): Promise<readonly Finding[]> {
  try {
    const user = await ask(apiUrl, token, "/users/@me", userSchema);
    if (user === "refused")
      return [
        wrong(
          "Discord does not accept DISCORD_TOKEN.",
          'Copy the token anew from the page "Bot" of https://discord.com/developers/applications.',
        ),
      ];
    const gateway = await ask(apiUrl, token, "/gateway/bot", gatewaySchema);
    const guilds = await ask(apiUrl, token, `/users/@me/guilds?limit=${MAX_GUILDS}`, guildsSchema);
    return [
      good(`Discord knows the bot as ${user.username}`),
      ...(gateway === "refused" ? [] : startsLeft(gateway)),
      ...(guilds === "refused" ? [] : guildFindings(guilds, user.id)),
    ];
  } catch (error) {
    return [
      wrong(
        `Discord cannot be reached at ${apiUrl}: ${reasonOf(error)}.`,
        "Check the network, a proxy in between, and DISCORD_API_URL.",
      ),
    ];
  }
}

function startsLeft({
  session_start_limit: { remaining, reset_after },
}: z.infer<typeof gatewaySchema>): Finding[] {
  if (remaining > 0) return [];
  const minutes = Math.ceil(reset_after / 60_000);
  return [
    wrong(
      "Discord takes no more logins of this bot for now.",
      `It does again in ${minutes} minutes; something has started the bot very often.`,
    ),
  ];
}

function guildFindings(guilds: z.infer<typeof guildsSchema>, botId: string): readonly Finding[] {
  if (guilds.length === 0) return [wrong("The bot is in no server.", `Invite it: ${inviteLink(botId)}`)];
  const findings = guilds.map(({ name, permissions }) => guildFinding(name, BigInt(permissions)));
  // What is to be done is the same everywhere, and said once.
  const rank = ["good", "note", "wrong"];
  return findings.sort((a, b) => rank.indexOf(a.kind) - rank.indexOf(b.kind));
}

/** What a channel's own settings forbid is told by /record start. */
function guildFinding(name: string, granted: bigint): Finding {
  const lacks = ([, bit]: readonly [string, bigint]): boolean =>
    (granted & bit) === 0n && (granted & PermissionFlagsBits.Administrator) === 0n;
  const missing = NEEDED.filter(lacks).map(([permission]) => permission);
  const signs = SIGNS.filter(lacks).map(([permission]) => permission);
  const remedy =
    "Allow it in Server Settings, Roles, the bot's role; single channels may also have settings of their own.";
  if (missing.length > 0)
    return wrong(`In ${name} it may not: ${missing.join(", ")}. It cannot record there.`, remedy);
  if (signs.length === SIGNS.length)
    return wrong(
      `In ${name} it may neither ${SIGNS[0][0]} nor ${SIGNS[1][0]}: it refuses to record unseen.`,
      remedy,
    );
  if (signs.length > 0) return note(`In ${name} it may not: ${signs.join(", ")}.`, remedy);
  return good(`In ${name} it may do all it needs`);
}

async function ask<T>(
  apiUrl: string,
  token: string,
  path: string,
  schema: z.ZodType<T>,
): Promise<T | "refused"> {
  const response = await fetch(`${apiUrl}/v10${path}`, {
    headers: { authorization: `Bot ${token}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  if (response.status === 401) return "refused";
  if (!response.ok) throw new Error(`it answers with HTTP ${response.status}`);
  const parsed = schema.safeParse(parse(text));
  if (!parsed.success) throw new Error("something else answers there");
  return parsed.data;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return messageOf(cause instanceof AggregateError ? cause.errors[0] : cause).replace(/\.$/, "");
}
