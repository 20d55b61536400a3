/** What the bot needs of a guild: ViewChannel, SendMessages, Connect, Speak, ChangeNickname (Discord, "Permissions"). */
const INVITE_PERMISSIONS = 70_257_664;

/** Where an administrator invites the bot. */
export function inviteLink(applicationId: string): string {
  return `https://discord.com/oauth2/authorize?client_id=${applicationId}&scope=bot+applications.commands&permissions=${INVITE_PERMISSIONS}`;
}

/** Shown by `npm start` where no token is configured; `sought`: where it was looked for, in a sentence. */
export const setupGuide = (
  sought: string,
): string => `The recorder needs a Discord bot token, and DISCORD_TOKEN is not set.
${sought}

  1. Open https://discord.com/developers/applications and press "New Application".
  2. On its page "Bot", press "Reset Token" and copy the token. No privileged intent is needed:
     the bot uses only Guilds and GuildVoiceStates.
  3. Put the token into a file named .env beside package.json:  DISCORD_TOKEN=the-token
     (or into the environment, or its path into DISCORD_TOKEN_FILE).
  4. Invite the bot to your server, with the application's id from "General Information":
     ${inviteLink("APPLICATION_ID")}
     Permissions: View Channels, Send Messages, Connect, Speak, Change Nickname.
  5. Run "npm start" again, join a voice channel and type /record start.

To see it work first, without any account:  npm run demo`;
