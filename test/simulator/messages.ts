import { GatewayIntentBits, MessageFlags, PermissionFlagsBits } from "discord-api-types/v10";
import type { APIAttachment, APIUser } from "discord-api-types/v10";
import { z } from "zod";
import type { Gateway } from "./gateway.ts";
import { allows } from "./permissions.ts";
import type { UploadedFile } from "./rest-body.ts";
import { RestError, invalidForm, missingAccess, missingPermissions, unknown } from "./rest-error.ts";
import { snowflake } from "./snowflake.ts";
import type { Channel, Message, World } from "./world.ts";

/** What a client may say about a message; parts left out stay as they are in an edit. */
const draftSchema = z.object({
  content: z.string().nullish(),
  embeds: z.array(z.record(z.string(), z.unknown())).nullish(),
  components: z.array(z.record(z.string(), z.unknown())).nullish(),
  flags: z.int().nullish(),
});
export type MessageDraft = z.infer<typeof draftSchema>;

const MAX_CONTENT = 2000;

/** Parses and checks a message body: Discord's limits hold (2000 characters, 10 embeds, not empty). */
export function parseDraft(json: unknown, files: readonly UploadedFile[], isEdit = false): MessageDraft {
  const parsed = draftSchema.safeParse(json ?? {});
  if (!parsed.success) throw invalidForm(z.prettifyError(parsed.error));
  const draft = parsed.data;
  if ((draft.content ?? "").length > MAX_CONTENT)
    throw invalidForm("content: Must be 2000 or fewer in length.");
  if ((draft.embeds ?? []).length > 10) throw invalidForm("embeds: Must be 10 or fewer in length.");
  const usesComponents = ((draft.flags ?? 0) & MessageFlags.IsComponentsV2) !== 0;
  if (usesComponents && (draft.content || draft.embeds?.length)) {
    throw invalidForm("content: cannot be used with IS_COMPONENTS_V2.");
  }
  const isEmpty = !draft.content && !draft.embeds?.length && !draft.components?.length && files.length === 0;
  if (isEmpty && !isEdit) throw new RestError(400, 50_006, "Cannot send an empty message");
  return draft;
}

/** A new message from a draft. It belongs to no channel's list yet. */
export function composeMessage(
  channelId: string,
  author: APIUser,
  draft: MessageDraft,
  files: readonly UploadedFile[],
): Message {
  const message = {
    id: snowflake(),
    channel_id: channelId,
    author,
    content: "",
    timestamp: new Date().toISOString(),
    edited_timestamp: null,
    tts: false,
    mention_everyone: false,
    mentions: [],
    mention_roles: [],
    attachments: [],
    embeds: [],
    components: [],
    pinned: false,
    type: 0,
    flags: draft.flags ?? 0,
  } as unknown as Message;
  applyDraft(message, draft, files);
  return message;
}

/** Changes a message in place. */
export function applyDraft(message: Message, draft: MessageDraft, files: readonly UploadedFile[]): void {
  if (draft.content !== undefined) message.content = draft.content ?? "";
  if (draft.embeds) message.embeds = draft.embeds;
  if (draft.components)
    message.components = draft.components as unknown as NonNullable<Message["components"]>;
  // Only this flag may be changed by an edit.
  if (((draft.flags ?? 0) & MessageFlags.IsComponentsV2) !== 0) {
    message.flags = message.flags | MessageFlags.IsComponentsV2;
  }
  for (const file of files) message.attachments.push(attachment(file));
}

/** Lives on the simulator's thread: the messages of channels, with the permissions they need. */
export class Messages {
  readonly #world: World;
  readonly #gateway: Gateway;

  constructor(world: World, gateway: Gateway) {
    this.#world = world;
    this.#gateway = gateway;
  }

  /** The channel, if the bot may see it. */
  channel(channelId: string | undefined): Channel {
    const channel = this.#world.channels.get(channelId ?? "");
    if (channel === undefined) throw unknown(10_003, "Channel");
    if (!this.#allowed(channel, PermissionFlagsBits.ViewChannel)) throw missingAccess();
    return channel;
  }

  /** The bot posts. Needs ViewChannel, SendMessages and, with files, AttachFiles; voice chats need Connect to be seen. */
  create(channelId: string | undefined, json: unknown, files: readonly UploadedFile[]): Message {
    const channel = this.channel(channelId);
    if (channel.kind === "voice" && !this.#allowed(channel, PermissionFlagsBits.Connect))
      throw missingAccess();
    if (!this.#allowed(channel, PermissionFlagsBits.SendMessages)) throw missingPermissions();
    if (files.length > 0 && !this.#allowed(channel, PermissionFlagsBits.AttachFiles))
      throw missingPermissions();
    const message = composeMessage(channel.id, this.#world.bot.user, parseDraft(json, files), files);
    // Without EmbedLinks Discord drops embeds silently.
    if (!this.#allowed(channel, PermissionFlagsBits.EmbedLinks)) message.embeds = [];
    this.add(channel, message);
    return message;
  }

  /** Puts a message into its channel's list and tells who listens. */
  add(channel: Channel, message: Message): void {
    channel.messages.push(message);
    this.#dispatch("MESSAGE_CREATE", channel, message);
  }

  get(channelId: string | undefined, messageId: string | undefined): Message {
    const message = this.channel(channelId).messages.find(({ id }) => id === messageId);
    if (message === undefined) throw unknown(10_008, "Message");
    return message;
  }

  edit(request: {
    readonly channelId: string | undefined;
    readonly messageId: string | undefined;
    readonly json: unknown;
    readonly files: readonly UploadedFile[];
  }): Message {
    const message = this.get(request.channelId, request.messageId);
    if (message.author.id !== this.#world.bot.user.id) {
      throw new RestError(403, 50_005, "Cannot edit a message authored by another user");
    }
    applyDraft(message, parseDraft(request.json, request.files, true), request.files);
    message.edited_timestamp = new Date().toISOString();
    this.#dispatch("MESSAGE_UPDATE", this.channel(request.channelId), message);
    return message;
  }

  delete(channelId: string | undefined, messageId: string | undefined): void {
    const message = this.get(channelId, messageId);
    const channel = this.channel(channelId);
    const own = message.author.id === this.#world.bot.user.id;
    if (!own && !this.#allowed(channel, PermissionFlagsBits.ManageMessages)) throw missingPermissions();
    channel.messages.splice(channel.messages.indexOf(message), 1);
    this.#dispatch("MESSAGE_DELETE", channel, { id: message.id, channel_id: channel.id });
  }

  #allowed(channel: Channel, needed: bigint): boolean {
    return channel.kind === "dm" || allows(this.#world.permissions(this.#world.bot.user.id, channel), needed);
  }

  #dispatch(event: string, channel: Channel, data: object): void {
    const isDirect = channel.kind === "dm";
    const intents = isDirect ? GatewayIntentBits.DirectMessages : GatewayIntentBits.GuildMessages;
    this.#gateway.dispatch(event, isDirect ? data : { ...data, guild_id: this.#world.guildId }, intents);
  }
}

function attachment(file: UploadedFile): APIAttachment {
  const id = snowflake();
  const url = `https://cdn.discordapp.com/attachments/0/${id}/${encodeURIComponent(file.name)}`;
  return {
    id,
    filename: file.name,
    size: file.bytes.length,
    url,
    proxy_url: url,
    content_type: file.contentType,
  };
}
