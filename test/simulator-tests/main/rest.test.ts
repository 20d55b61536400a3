import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { AttachmentBuilder, DiscordAPIError, PermissionFlagsBits, PermissionsBitField } from "discord.js";
import { BOT_PERMISSIONS } from "../../simulator/permissions.ts";
import { SimulatedDiscord } from "../../simulator/simulated-discord.ts";
import { eventually } from "../../support/wait.ts";
import { newClient, startBot } from "./simulated-bot.ts";

const limit = { timeout: 180_000 };
const idle = async (): Promise<void> => {};
const codeOf = async (promise: Promise<unknown>): Promise<unknown> =>
  await promise.then(
    () => undefined,
    (error: unknown) => (error instanceof DiscordAPIError ? error.code : error),
  );

test("a wrong token is refused by REST and by the gateway", limit, async () => {
  await using discord = await SimulatedDiscord.start({ dave: false });
  const client = newClient(discord);
  await assert.rejects(client.login("d3Jvbmc.token.entirely"), /invalid token/i);
  await client.destroy();

  const socket = new WebSocket(`${discord.gateway.url}?v=10&encoding=json`);
  const closed = new Promise<number>((resolve) =>
    socket.addEventListener("close", ({ code }) => resolve(code)),
  );
  socket.addEventListener("open", () =>
    socket.send(JSON.stringify({ op: 2, d: { token: "wrong", intents: 1, properties: {} } })),
  );
  assert.equal(await closed, 4004);
  assert.deepEqual(discord.problems, []);
});

test("an unknown route is a 404 and a problem", limit, async () => {
  await using discord = await SimulatedDiscord.start({ dave: false });
  await using bot = await startBot(discord, idle);
  assert.equal(await codeOf(bot.client.rest.get("/stickers/1")), 0);
  assert.deepEqual(discord.problems, ["rest: unknown route GET /api/v10/stickers/1"]);
});

test("the bot changes its nickname and posts, edits and deletes messages with files", limit, async () => {
  await using discord = await SimulatedDiscord.start({ dave: false });
  await using bot = await startBot(discord, idle);
  const guild = bot.client.guilds.cache.get(discord.guild.id);
  await guild?.members.me?.setNickname("[REC] Recorder");
  assert.equal(discord.botNickname, "[REC] Recorder");

  const channel = bot.client.channels.cache.get(discord.voiceChannel.id);
  assert.ok(channel?.isSendable());
  const file = new AttachmentBuilder(Buffer.from("some text"), { name: "notes.txt" });
  const message = await channel.send({ content: "Recording", files: [file] });
  await message.edit("Stopped");
  const [kept] = discord.messages(discord.voiceChannel.id);
  assert.equal(kept?.content, "Stopped");
  assert.deepEqual(
    kept.attachments.map(({ filename, size }) => ({ filename, size })),
    [{ filename: "notes.txt", size: 9 }],
  );
  await message.delete();
  assert.equal(discord.messages(discord.voiceChannel.id).length, 0);
  assert.equal(await codeOf(channel.send("x".repeat(2001))), 50_035);

  const zoe = discord.addPerson("Zoë");
  await bot.client.users.send(zoe.id, "for you alone");
  assert.equal(zoe.directMessages[0]?.content, "for you alone");
  assert.deepEqual(discord.problems, []);
});

test(
  "a missing permission reaches the bot as 50013, and the bot can compute it beforehand",
  limit,
  async () => {
    await using discord = await SimulatedDiscord.start({ dave: false });
    await using bot = await startBot(discord, idle);
    const guild = bot.client.guilds.cache.get(discord.guild.id);
    const me = guild?.members.me;
    const channel = bot.client.channels.cache.get(discord.voiceChannel.id);
    assert.ok(me && channel?.isSendable() && "permissionsFor" in channel);
    assert.equal(channel.permissionsFor(me)?.bitfield, BOT_PERMISSIONS);

    discord.setBotPermissions(BOT_PERMISSIONS & ~PermissionFlagsBits.ChangeNickname);
    assert.equal(await codeOf(me.setNickname("[REC]")), 50_013);
    discord.setBotPermissions(BOT_PERMISSIONS & ~PermissionFlagsBits.SendMessages);
    assert.equal(await codeOf(channel.send("hello")), 50_013);
    discord.setBotPermissions(BOT_PERMISSIONS);
    discord.denyBot(channel.id, PermissionFlagsBits.ViewChannel);
    assert.equal(await codeOf(channel.send("hello")), 50_001);
    await eventually(
      "the bot knows of the overwrite",
      () => !new PermissionsBitField(channel.permissionsFor(me) ?? 0n).has("ViewChannel"),
    );
    assert.equal(discord.botNickname, null);
  },
);

test("an injected fault spoils as many requests as it says", limit, async () => {
  await using discord = await SimulatedDiscord.start({ dave: false });
  await using bot = await startBot(discord, idle);
  discord.faults.rest({ method: "GET", path: /\/users\//, status: 403, code: 50_013 });
  const zoe = discord.addPerson("Zoë");
  assert.equal(await codeOf(bot.client.users.fetch(zoe.id)), 50_013);
  assert.equal((await bot.client.users.fetch(zoe.id)).displayName, "Zoë");
  discord.faults.rest({ path: /\/users\//, status: 429 });
  assert.equal(
    (await bot.client.users.fetch(zoe.id, { force: true })).id,
    zoe.id,
    "discord.js waits and tries again",
  );
});

test("closing takes the certificate file away and can be done twice", limit, async () => {
  const discord = await SimulatedDiscord.start({ dave: false });
  const file = discord.environment.NODE_EXTRA_CA_CERTS;
  assert.ok(existsSync(file));
  await Promise.all([discord.close(), discord.close()]);
  assert.ok(!existsSync(file));
});
