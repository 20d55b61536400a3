/** A plain discord.js bot, unmodified, as the simulator's tests use it. */
import { Client, Events, GatewayIntentBits } from "discord.js";
import type { ChatInputCommandInteraction } from "discord.js";
import type { SimulatedDiscord } from "../../simulator/simulated-discord.ts";

export const PING = {
  name: "ping",
  description: "Answers",
  options: [
    {
      type: 1,
      name: "now",
      description: "At once",
      options: [
        { type: 3, name: "text", description: "What to say", max_length: 10 },
        { type: 7, name: "channel", description: "Where", channel_types: [2] },
      ],
    },
  ],
} as const;

/** A client on the simulated Discord, not logged in. */
export function newClient(discord: SimulatedDiscord): Client {
  return new Client({
    intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildVoiceStates],
    rest: { api: discord.environment.DISCORD_API_URL },
  });
}

/** Logs in, registers /ping and hands every command to the handler. Destroyed with `await using`. */
export async function startBot(
  discord: SimulatedDiscord,
  onCommand: (interaction: ChatInputCommandInteraction) => Promise<unknown>,
): Promise<AsyncDisposable & { readonly client: Client<true>; readonly errors: unknown[] }> {
  const client = newClient(discord);
  const errors: unknown[] = [];
  client.on(Events.InteractionCreate, (interaction) => {
    if (interaction.isChatInputCommand())
      onCommand(interaction).catch((error: unknown) => errors.push(error));
  });
  const ready = new Promise<Client<true>>((resolve) => client.once(Events.ClientReady, resolve));
  await client.login(discord.environment.DISCORD_TOKEN);
  const readyClient = await ready;
  await readyClient.application.commands.set([PING]);
  return { client: readyClient, errors, [Symbol.asyncDispose]: () => client.destroy() };
}
