import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ActionRowBuilder,
  ButtonBuilder,
  ButtonStyle,
  DiscordAPIError,
  Events,
  MessageFlags,
} from "discord.js";
import { SimulatedDiscord } from "../../simulator/simulated-discord.ts";
import { eventually } from "../../support/wait.ts";
import { startBot } from "./simulated-bot.ts";

const limit = { timeout: 180_000 };

test("an unmodified bot logs in, registers a command, defers and edits its answer", limit, async () => {
  await using discord = await SimulatedDiscord.start({ dave: false });
  await using _bot = await startBot(discord, async (interaction) => {
    await interaction.deferReply({ flags: MessageFlags.Ephemeral });
    await interaction.editReply(`first ${interaction.options.getString("text") ?? ""}`);
    await interaction.editReply({ content: "second" });
    await interaction.followUp({ content: "more", flags: MessageFlags.Ephemeral });
  });
  const zoe = discord.addPerson("Zoë");
  const reply = await discord.command(zoe, "ping now", { text: "hello" });
  await reply.until(({ followUps }) => followUps.length === 1);
  assert.deepEqual(reply.edits, ["first hello", "second"]);
  assert.equal(reply.content, "second");
  assert.equal(reply.ephemeral, true);
  assert.equal(discord.messages(discord.textChannel.id).length, 0, "nobody else sees an ephemeral answer");
  assert.deepEqual(discord.problems, []);
});

test(
  "a handler sees who asked, where, with which permissions, and the channel it was given",
  limit,
  async () => {
    await using discord = await SimulatedDiscord.start({ dave: false });
    const seen: unknown[] = [];
    await using _bot = await startBot(discord, async (interaction) => {
      const channel = interaction.options.getChannel("channel", true);
      seen.push(interaction.options.getSubcommand(), channel.id, channel.name, interaction.user.displayName);
      seen.push(interaction.memberPermissions?.has("ManageGuild"), interaction.appPermissions.has("Connect"));
      const response = await interaction.reply({ content: "seen", withResponse: true });
      seen.push(response.resource?.message?.content);
    });
    const zoe = discord.addPerson("Zoë");
    zoe.grant(1n << 5n);
    const room = discord.addVoiceChannel("Second room");
    await discord.command(zoe, "ping now", { channel: room.id });
    await eventually("the handler has seen all", () => seen.length === 7);
    assert.deepEqual(seen, ["now", room.id, "Second room", "Zoë", true, true, "seen"]);
    assert.equal(discord.messages(discord.textChannel.id)[0]?.content, "seen", "others see a public answer");
    await assert.rejects(discord.command(zoe, "ping now", { text: "far too long a text" }), /at most 10/);
    await assert.rejects(
      discord.command(zoe, "ping now", { channel: discord.textChannel.id }),
      /type of channel/,
    );
    await assert.rejects(discord.command(zoe, "ping never"), /sub-command/);
  },
);

test("a command left unanswered for three seconds fails and is a problem", limit, async () => {
  await using discord = await SimulatedDiscord.start({ dave: false });
  let late: unknown;
  await using bot = await startBot(discord, async (interaction) => {
    await new Promise((resolve) => setTimeout(resolve, 3_200));
    await interaction.reply("too late").catch((error: unknown) => (late = error));
  });
  await assert.rejects(discord.command(discord.addPerson("Zoë"), "ping now"), /within 3 seconds/);
  await eventually("the late answer is refused", () => late !== undefined);
  assert.ok(late instanceof DiscordAPIError);
  assert.equal(late.code, 10_062);
  assert.match(discord.problems.join("\n"), /not answered within 3000 ms/);
  assert.deepEqual(bot.errors, []);
});

test("a second answer is refused, and so is an edit with a token older than 15 minutes", limit, async () => {
  await using discord = await SimulatedDiscord.start({ dave: false });
  const codes: unknown[] = [];
  let edit: (() => Promise<unknown>) | undefined;
  await using bot = await startBot(discord, async (interaction) => {
    await interaction.reply("one");
    await bot.client.rest
      .post(`/interactions/${interaction.id}/${interaction.token}/callback`, {
        body: { type: 4, data: { content: "two" } },
        auth: false,
      })
      .catch((error: unknown) => codes.push((error as DiscordAPIError).code));
    edit = () => interaction.editReply("three");
  });
  const reply = await discord.command(discord.addPerson("Zoë"), "ping now");
  await eventually("the handler has answered", () => edit !== undefined);
  reply.expireToken();
  await edit?.().catch((error: unknown) => codes.push((error as DiscordAPIError).code));
  assert.deepEqual(codes, [40_060, 50_027]);
  assert.equal(reply.content, "one");
});

test("a person presses a button, and the bot changes the message it is on", limit, async () => {
  await using discord = await SimulatedDiscord.start({ dave: false });
  const button = new ButtonBuilder({ custom_id: "stop", label: "Stop", style: ButtonStyle.Primary });
  const row = new ActionRowBuilder<ButtonBuilder>().addComponents(button);
  await using bot = await startBot(discord, async (interaction) => {
    await interaction.reply({ content: "Running", components: [row] });
  });
  bot.client.on(Events.InteractionCreate, (interaction) => {
    if (interaction.isButton())
      void interaction.update({ content: `${interaction.customId}ped`, components: [] });
  });
  const zoe = discord.addPerson("Zoë");
  const reply = await discord.command(zoe, "ping now");
  assert.equal(reply.content, "Running\nStop", "labels are part of what a person reads");
  assert.ok(reply.message);
  await discord.press(zoe, reply.message, "stop");
  assert.equal(discord.messages(discord.textChannel.id)[0]?.content, "stopped");
  assert.deepEqual(discord.problems, []);
});
