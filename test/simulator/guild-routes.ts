/** The REST routes below /guilds. */
import { GatewayIntentBits, PermissionFlagsBits } from "discord-api-types/v10";
import { z } from "zod";
import type { Gateway } from "./gateway.ts";
import { allows } from "./permissions.ts";
import { invalidForm, missingAccess, missingPermissions, unknown } from "./rest-error.ts";
import type { RestRequest, Route } from "./rest.ts";
import { channelShape, guildChannels, guildShape, memberShape } from "./shapes.ts";
import type { Member, World } from "./world.ts";

const nickSchema = z.strictObject({ nick: z.string().max(32).nullish() });

export function guildRoutes({
  world,
  gateway,
}: {
  readonly world: World;
  readonly gateway: Gateway;
}): Route[] {
  const inGuild = (path: string, handle: (request: RestRequest) => unknown): Route => ({
    method: "GET",
    path,
    handle: (request) => {
      requireGuild(world, request.params["guild"]);
      return handle(request);
    },
  });
  return [
    inGuild("/guilds/:guild", () => guildShape(world)),
    inGuild("/guilds/:guild/roles", () => guildShape(world).roles),
    inGuild("/guilds/:guild/channels", () =>
      guildChannels(world).map((channel) => channelShape(world, channel)),
    ),
    inGuild("/guilds/:guild/members/:user", ({ params }) => {
      const id = params["user"] === "@me" ? world.bot.user.id : params["user"];
      return memberShape(requireMember(world, id, 10_007));
    }),
    {
      method: "PATCH",
      path: "/guilds/:guild/members/@me",
      handle: ({ params, json }) => {
        requireGuild(world, params["guild"]);
        const body = nickSchema.safeParse(json);
        if (!body.success) throw invalidForm(z.prettifyError(body.error));
        if (!allows(world.permissions(world.bot.user.id), PermissionFlagsBits.ChangeNickname)) {
          throw missingPermissions();
        }
        // Discord trims and treats an empty nickname as none.
        world.bot.nick = body.data.nick?.trim() || null;
        return announceMember(world, gateway, world.bot);
      },
    },
  ];
}

/** GUILD_MEMBER_UPDATE; the bot's own comes without the members intent too. */
export function announceMember(world: World, gateway: Gateway, member: Member): unknown {
  const shape = { ...memberShape(member), guild_id: world.guildId };
  gateway.dispatch("GUILD_MEMBER_UPDATE", shape, member === world.bot ? 0 : GatewayIntentBits.GuildMembers);
  return shape;
}

/** The bot is in one guild only. */
export function requireGuild(world: World, guildId: string | undefined): void {
  if (guildId !== world.guildId) throw missingAccess();
}

/** A member; refused with Discord's code for an unknown user, or 10007 for an unknown member. */
export function requireMember(world: World, userId: string | undefined, code = 10_013): Member {
  const member = world.members.get(userId ?? "");
  if (member === undefined) throw unknown(code, code === 10_007 ? "Member" : "User");
  return member;
}
