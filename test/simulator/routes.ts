/** Every REST route the simulated Discord knows; whatever is not here is a problem when a bot asks for it. */
import { z } from "zod";
import type { Commands } from "./commands.ts";
import type { Gateway } from "./gateway.ts";
import type { Interactions } from "./interactions.ts";
import type { Messages } from "./messages.ts";
import { guildRoutes, requireGuild, requireMember } from "./guild-routes.ts";
import { invalidForm, unknown } from "./rest-error.ts";
import type { RestRequest, Route } from "./rest.ts";
import { applicationShape, channelShape, selfShape } from "./shapes.ts";
import type { World } from "./world.ts";

export type RouteContext = {
  readonly world: World;
  readonly gateway: Gateway;
  readonly commands: Commands;
  readonly interactions: Interactions;
  readonly messages: Messages;
};

const recipientSchema = z.object({ recipient_id: z.string() });

/** The route table, most specific first. */
export function restRoutes(context: RouteContext): readonly Route[] {
  return [
    ...accountRoutes(context),
    ...commandRoutes(context),
    ...interactionRoutes(context),
    ...channelRoutes(context),
    ...guildRoutes(context),
  ];
}

function accountRoutes({ world, gateway }: RouteContext): Route[] {
  const session_start_limit = { total: 1000, remaining: 999, reset_after: 86_400_000, max_concurrency: 1 };
  const application = (): unknown => applicationShape(world);
  return [
    { method: "GET", path: "/gateway", open: true, handle: () => ({ url: gateway.url }) },
    {
      method: "GET",
      path: "/gateway/bot",
      handle: () => ({ url: gateway.url, shards: 1, session_start_limit }),
    },
    { method: "GET", path: "/users/@me", handle: () => selfShape(world) },
    {
      method: "GET",
      path: "/users/@me/guilds",
      handle: () => [
        {
          id: world.guildId,
          name: world.guildName,
          icon: null,
          owner: false,
          permissions: String(world.permissions(world.bot.user.id)),
          features: [],
        },
      ],
    },
    {
      method: "POST",
      path: "/users/@me/channels",
      handle: ({ json }) => {
        const body = recipientSchema.safeParse(json);
        const member = world.members.get(body.data?.recipient_id ?? "");
        if (member === undefined || member.user.bot === true) throw invalidForm("recipient_id: not a person");
        return channelShape(world, world.directChannel(member.user.id));
      },
    },
    {
      method: "GET",
      path: "/users/:user",
      handle: ({ params }) => requireMember(world, params["user"]).user,
    },
    { method: "GET", path: "/applications/@me", handle: application },
    { method: "GET", path: "/oauth2/applications/@me", handle: application },
  ];
}

function commandRoutes({ world, commands }: RouteContext): Route[] {
  const scope = ({ params }: RestRequest): string => {
    if (params["application"] !== world.bot.user.id) throw unknown(10_002, "Application");
    if (params["guild"] !== undefined) requireGuild(world, params["guild"]);
    return params["guild"] ?? "";
  };
  return ["/applications/:application/commands", "/applications/:application/guilds/:guild/commands"].flatMap(
    (path): Route[] => [
      { method: "GET", path, handle: (request) => commands.list(scope(request)) },
      { method: "PUT", path, handle: (request) => commands.replaceAll(request.json, scope(request)) },
      { method: "POST", path, handle: (request) => commands.put(request.json, scope(request)) },
      {
        method: "DELETE",
        path: `${path}/:command`,
        handle: (request) => commands.delete(request.params["command"], scope(request)),
      },
    ],
  );
}

function interactionRoutes({ interactions }: RouteContext): Route[] {
  const webhook = "/webhooks/:application/:token";
  const message = `${webhook}/messages/:message`;
  return [
    {
      method: "POST",
      path: "/interactions/:id/:token/callback",
      open: true,
      handle: (request) => interactions.callback(request),
    },
    { method: "POST", path: webhook, open: true, handle: (request) => interactions.followUp(request) },
    { method: "GET", path: message, open: true, handle: (request) => interactions.get(request) },
    { method: "PATCH", path: message, open: true, handle: (request) => interactions.edit(request) },
    { method: "DELETE", path: message, open: true, handle: (request) => interactions.delete(request) },
  ];
}

function channelRoutes({ world, messages }: RouteContext): Route[] {
  const list = "/channels/:channel/messages";
  const one = `${list}/:message`;
  return [
    {
      method: "GET",
      path: "/channels/:channel",
      handle: ({ params }) => channelShape(world, messages.channel(params["channel"])),
    },
    {
      method: "POST",
      path: "/channels/:channel/typing",
      handle: ({ params }) => void messages.channel(params["channel"]),
    },
    {
      method: "GET",
      path: list,
      handle: ({ params, query }) =>
        messages
          .channel(params["channel"])
          .messages.slice(-Number(query.get("limit") ?? 50))
          .reverse(),
    },
    {
      method: "POST",
      path: list,
      handle: ({ params, json, files }) => messages.create(params["channel"], json, files),
    },
    {
      method: "GET",
      path: one,
      handle: ({ params }) => messages.get(params["channel"], params["message"]),
    },
    {
      method: "PATCH",
      path: one,
      handle: ({ params, json, files }) =>
        messages.edit({ channelId: params["channel"], messageId: params["message"], json, files }),
    },
    {
      method: "DELETE",
      path: one,
      handle: ({ params }) => messages.delete(params["channel"], params["message"]),
    },
  ];
}
