/** Turns "record start" plus named values into what INTERACTION_CREATE carries, as Discord's client would. Pure. */
import { ApplicationCommandOptionType as OptionType } from "discord-api-types/v10";
import type { APIApplicationCommand, APIApplicationCommandOption } from "discord-api-types/v10";
import { channelShape, memberShape } from "./shapes.ts";
import type { Channel, World } from "./world.ts";

export type OptionValues = Readonly<Record<string, string | number | boolean>>;

type Resolved = {
  readonly channels: Record<string, unknown>;
  readonly users: Record<string, unknown>;
  readonly members: Record<string, unknown>;
  readonly roles: Record<string, unknown>;
};

/**
 * The `data` of the interaction. Throws where Discord's client would not let the person send it: unknown sub-command or
 * option, a value that is no choice, a channel of the wrong type, a required option left out.
 */
export function slashCommandData(
  world: World,
  command: APIApplicationCommand,
  path: readonly string[],
  values: OptionValues,
  userId: string,
): unknown {
  const resolved: Resolved = { channels: {}, users: {}, members: {}, roles: {} };
  const [, ...steps] = path;
  let level: readonly APIApplicationCommandOption[] = command.options ?? [];
  const names: { readonly name: string; readonly type: OptionType }[] = [];
  for (const step of steps) {
    const option = level.find(({ name }) => name === step);
    if (option?.type !== OptionType.Subcommand && option?.type !== OptionType.SubcommandGroup) {
      throw new Error(`/${path.join(" ")}: there is no sub-command "${step}".`);
    }
    names.push({ name: step, type: option.type });
    level = option.options ?? [];
  }
  const fail = (text: string): never => {
    throw new Error(`/${path.join(" ")}: ${text}`);
  };
  for (const name of Object.keys(values)) {
    if (!level.some((option) => option.name === name)) fail(`there is no option "${name}".`);
  }
  let options: unknown[] = [];
  for (const option of level) {
    const value = values[option.name];
    if (value === undefined) {
      if ("required" in option && option.required) fail(`option "${option.name}" is required.`);
      continue;
    }
    const problem = optionProblem(option, value) ?? resolve(world, option, String(value), userId, resolved);
    if (problem !== undefined) fail(`option "${option.name}" ${problem}.`);
    options.push({ name: option.name, type: option.type, value });
  }
  for (const { name, type } of names.reverse()) options = [{ name, type, options }];
  const filled = Object.fromEntries(
    Object.entries(resolved).filter(([, entries]) => Object.keys(entries).length > 0),
  );
  return {
    id: command.id,
    name: command.name,
    type: 1,
    options,
    ...(Object.keys(filled).length > 0 ? { resolved: filled } : {}),
  };
}

/** What the client would hold against a value; undefined when it is fine. */
function optionProblem(
  option: APIApplicationCommandOption,
  value: string | number | boolean,
): string | undefined {
  const isNumber = option.type === OptionType.Integer || option.type === OptionType.Number;
  const expected = option.type === OptionType.Boolean ? "boolean" : isNumber ? "number" : "string";
  if (typeof value !== expected) return `wants a ${expected}`;
  if (
    "choices" in option &&
    option.choices?.length &&
    !option.choices.some((choice) => choice.value === value)
  ) {
    return `has no choice ${JSON.stringify(value)}`;
  }
  if ("max_length" in option && option.max_length !== undefined && String(value).length > option.max_length) {
    return `may have at most ${option.max_length} characters`;
  }
  if ("min_length" in option && option.min_length !== undefined && String(value).length < option.min_length) {
    return `must have at least ${option.min_length} characters`;
  }
  if ("min_value" in option && option.min_value !== undefined && Number(value) < option.min_value)
    return "is too small";
  if ("max_value" in option && option.max_value !== undefined && Number(value) > option.max_value)
    return "is too large";
  return undefined;
}

/** Adds the object an id option stands for; returns the problem if there is none. */
function resolve(
  world: World,
  option: APIApplicationCommandOption,
  id: string,
  userId: string,
  resolved: Resolved,
): string | undefined {
  if (option.type === OptionType.Channel) {
    const channel = world.channels.get(id);
    if (channel === undefined) return "names no channel";
    const shape = partialChannel(world, channel, userId);
    const types: readonly number[] = option.channel_types ?? [];
    if (types.length > 0 && !types.includes(shape.type)) {
      return "wants another type of channel";
    }
    resolved.channels[id] = shape;
  }
  if (option.type === OptionType.User || option.type === OptionType.Mentionable) {
    const member = world.members.get(id);
    if (member === undefined) return "names no member";
    const { user, deaf: _deaf, mute: _mute, ...rest } = memberShape(member);
    resolved.users[id] = user;
    resolved.members[id] = { ...rest, permissions: String(world.permissions(id)) };
  }
  if (option.type === OptionType.Role) {
    const role = world.roles.get(id);
    if (role === undefined) return "names no role";
    resolved.roles[id] = role;
  }
  return undefined;
}

/** Resolved channels lack the overwrites but tell what the invoking member may do there. */
function partialChannel(world: World, channel: Channel, userId: string): { readonly type: number } {
  const { permission_overwrites: _overwrites, type, ...rest } = channelShape(world, channel);
  return { ...rest, type, permissions: String(world.permissions(userId, channel)) } as {
    readonly type: number;
  };
}
