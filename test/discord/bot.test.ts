import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { Bot } from "../../src/discord/bot.ts";
import { RecorderError } from "../../src/errors.ts";
import { freePort } from "../support/free-port.ts";
import { eventually } from "../support/wait.ts";
import { SimulatedDiscord } from "../simulator/simulated-discord.ts";
import { Guild, log } from "./guild.ts";

const limits = { timeout: 180_000 };

async function refusal(start: Promise<Bot>): Promise<RecorderError> {
  try {
    await (await start).close();
  } catch (error) {
    assert.ok(error instanceof RecorderError, String(error));
    return error;
  }
  return assert.fail("the bot started");
}

test("the bot logs in, is ready, and its commands are there", limits, async () => {
  await using guild = await Guild.start();
  assert.equal(guild.bot.botUserId, guild.discord.bot.id);
  assert.ok(guild.bot.ready);
  const command = await guild.discord.commands.registered("record", guild.discord.guild.id, 1_000);
  assert.equal(command.default_member_permissions, "32");
  assert.deepEqual(
    command.options?.map(({ name }) => name),
    ["start", "stop", "status"],
  );
});

test("a wrong token is told from everything else", limits, async () => {
  await using discord = await SimulatedDiscord.start({ dave: false });
  const apiUrl = discord.environment.DISCORD_API_URL;
  const error = await refusal(Bot.start({ token: "wrong.to.ken", apiUrl, log }));
  assert.equal(error.code, "E-TOKEN");
  assert.match(error.explanation, /DISCORD_TOKEN.*developers\/applications/);
});

test("an unreachable Discord is told with its address and reason", limits, async () => {
  const apiUrl = `http://127.0.0.1:${await freePort()}/api`;
  const error = await refusal(Bot.start({ token: "a.b.c", apiUrl, log }));
  assert.equal(error.code, "E-DISCORD-UNREACHABLE");
  assert.ok(error.message.includes(apiUrl));
  assert.match(error.message, /ECONNREFUSED/);
});

test("an address where something else answers is told as such", limits, async () => {
  for (const [status, reason] of [
    [404, /HTTP 404/],
    [500, /HTTP 500/],
    [200, /something else answers there/],
  ] as const) {
    const server = createServer((_, response) => {
      response.writeHead(status, { "content-type": "text/html" }).end("<html></html>");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    assert.ok(address !== null && typeof address !== "string");
    const error = await refusal(
      Bot.start({ token: "a.b.c", apiUrl: `http://127.0.0.1:${address.port}/api`, log }),
    );
    assert.equal(error.code, "E-DISCORD-UNREACHABLE");
    assert.match(error.message, reason);
    server.closeAllConnections();
    server.close();
  }
});

test("a gateway that refuses for good leaves the bot alive and not ready", limits, async () => {
  await using guild = await Guild.start();
  guild.discord.faults.closeGateway(4004);
  await eventually("the bot notices", () => !guild.bot.ready);
});

test("a lost gateway makes the bot not ready until it has resumed", limits, async () => {
  await using guild = await Guild.start();
  guild.discord.faults.closeGateway(4000);
  await eventually("the bot notices", () => !guild.bot.ready);
  await eventually("the bot resumes", () => guild.bot.ready);
  assert.equal(guild.discord.gateway.counts.resumed, 1);
});

test("closing twice is closing once, and nothing is ready afterwards", limits, async () => {
  await using guild = await Guild.start();
  await Promise.all([guild.bot.close(), guild.bot.close()]);
  assert.ok(!guild.bot.ready);
});

test("names are those of the guild, of people away too, and never fail", limits, async () => {
  await using guild = await Guild.start();
  const { discord, bot, zoe } = guild;
  const away = discord.addPerson("Ben");
  zoe.setNickname("Captain");
  await zoe.join();
  assert.equal(await bot.names.nameOf(discord.guild.id, away.id), "Ben");
  assert.equal(await bot.names.nameOf(discord.guild.id, zoe.id), "Captain");
  assert.equal(await bot.names.nameOf(discord.guild.id, "123456789012345678"), "123456789012345678");
  assert.equal(await bot.names.nameOf("1", "2"), "2");
});
