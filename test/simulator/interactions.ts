import { MessageFlags } from "discord-api-types/v10";
import { z } from "zod";
import type { Gateway } from "./gateway.ts";
import { ANSWER_LIMIT_MS, Interaction } from "./interaction.ts";
import { applyDraft, composeMessage, parseDraft } from "./messages.ts";
import type { MessageDraft, Messages } from "./messages.ts";
import { RestError, invalidForm, unknown } from "./rest-error.ts";
import type { RestRequest } from "./rest.ts";
import { channelShape, memberShape } from "./shapes.ts";
import type { Message, World } from "./world.ts";

const callbackSchema = z.object({ type: z.int(), data: z.unknown().optional() });

/** Lives on the simulator's thread: sends interactions to the bot and takes its answers, edits and follow-ups. */
export class Interactions {
  readonly #world: World;
  readonly #gateway: Gateway;
  readonly #messages: Messages;
  readonly #problem: (text: string) => void;
  readonly #byToken = new Map<string, Interaction>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(world: World, gateway: Gateway, messages: Messages, problem: (text: string) => void) {
    this.#world = world;
    this.#gateway = gateway;
    this.#messages = messages;
    this.#problem = problem;
  }

  /** Sends INTERACTION_CREATE. An answer that does not come within 3 s is a problem and fails the interaction. */
  send(userId: string, channelId: string, data: unknown, source?: Message): Interaction {
    const member = this.#world.members.get(userId);
    if (member === undefined) throw new Error(`Nobody has the id ${userId}.`);
    const channel = this.#world.requireChannel(channelId);
    const interaction = new Interaction(channelId, source === undefined ? 2 : 3, source);
    this.#byToken.set(interaction.token, interaction);
    this.#gateway.dispatch("INTERACTION_CREATE", {
      id: interaction.id,
      application_id: this.#world.bot.user.id,
      type: interaction.kind,
      token: interaction.token,
      version: 1,
      data,
      guild_id: this.#world.guildId,
      guild: { id: this.#world.guildId, locale: "en-US", features: [] },
      channel_id: channelId,
      channel: channelShape(this.#world, channel),
      member: { ...memberShape(member), permissions: String(this.#world.permissions(userId, channel)) },
      app_permissions: String(this.#world.permissions(this.#world.bot.user.id, channel)),
      locale: "en-US",
      guild_locale: "en-US",
      entitlements: [],
      authorizing_integration_owners: { 0: this.#world.guildId },
      context: 0,
      attachment_size_limit: 10_485_760,
      ...(source === undefined ? {} : { message: source }),
    });
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (interaction.state !== "pending") return;
      interaction.state = "failed";
      this.#problem(`interaction ${JSON.stringify(data)} was not answered within ${ANSWER_LIMIT_MS} ms`);
      interaction.changed();
    }, ANSWER_LIMIT_MS);
    this.#timers.add(timer);
    return interaction;
  }

  /** POST /interactions/:id/:token/callback */
  callback({ params, query, json, files }: RestRequest): unknown {
    const interaction = this.#byToken.get(params["token"] ?? "");
    if (interaction === undefined || interaction.id !== params["id"] || interaction.state === "failed") {
      throw unknown(10_062, "interaction");
    }
    if (interaction.state !== "pending") {
      throw new RestError(400, 40_060, "Interaction has already been acknowledged.");
    }
    const callback = callbackSchema.safeParse(json);
    if (!callback.success) throw invalidForm("type: This field is required.");
    const { type, data } = callback.data;
    if (type === 4) {
      this.#publish(interaction, "answered", this.#compose(interaction, parseDraft(data, files), files));
    } else if (type === 5) {
      const ephemeral = (parseDraft(data, files, true).flags ?? 0) & MessageFlags.Ephemeral;
      const message = this.#compose(interaction, { flags: ephemeral | MessageFlags.Loading }, []);
      this.#publish(interaction, "deferred", message);
    } else if ((type === 6 || type === 7) && interaction.source !== undefined) {
      if (type === 7) applyDraft(interaction.source, parseDraft(data, files, true), files);
      interaction.answer("answered", interaction.source);
    } else {
      this.#problem(`interaction callback type ${type} is not simulated`);
      throw invalidForm("type: not simulated");
    }
    if (query.get("with_response") !== "true") return undefined;
    const { message } = interaction;
    return {
      interaction: {
        id: interaction.id,
        type: interaction.kind,
        response_message_id: message?.id,
        response_message_loading: type === 5,
        response_message_ephemeral: interaction.ephemeral,
      },
      resource: { type, message },
    };
  }

  /** POST /webhooks/:application/:token: a follow-up. The first one after a deferral fills the deferred answer, as in life. */
  followUp({ params, json, files }: RestRequest): Message {
    const interaction = this.#usable(params["token"]);
    const draft = parseDraft(json, files);
    if (interaction.state === "deferred") return this.#fill(interaction, draft, files);
    const message = this.#compose(interaction, draft, files);
    interaction.followUps.push(message);
    this.#show(interaction, message);
    interaction.changed();
    return message;
  }

  /** GET /webhooks/:application/:token/messages/:message */
  get({ params }: RestRequest): Message {
    return this.#find(this.#usable(params["token"]), params["message"]);
  }

  /** PATCH /webhooks/:application/:token/messages/:message */
  edit({ params, json, files }: RestRequest): Message {
    const interaction = this.#usable(params["token"]);
    const message = this.#find(interaction, params["message"]);
    const draft = parseDraft(json, files, true);
    if (message === interaction.message) return this.#fill(interaction, draft, files);
    applyDraft(message, draft, files);
    message.edited_timestamp = new Date().toISOString();
    interaction.changed();
    return message;
  }

  /** DELETE /webhooks/:application/:token/messages/:message */
  delete({ params }: RestRequest): undefined {
    const interaction = this.#usable(params["token"]);
    const message = this.#find(interaction, params["message"]);
    const list = this.#world.requireChannel(interaction.channelId).messages;
    if (list.includes(message)) list.splice(list.indexOf(message), 1);
    if (message === interaction.message) interaction.message = undefined;
    else interaction.followUps.splice(interaction.followUps.indexOf(message), 1);
    interaction.changed();
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #compose(interaction: Interaction, draft: MessageDraft, files: RestRequest["files"]): Message {
    return composeMessage(interaction.channelId, this.#world.bot.user, draft, files);
  }

  #publish(interaction: Interaction, state: "deferred" | "answered", message: Message): void {
    this.#show(interaction, message);
    interaction.answer(state, message);
  }

  /** Everybody in the channel sees a message that is not ephemeral. */
  #show(interaction: Interaction, message: Message): void {
    if ((message.flags & MessageFlags.Ephemeral) !== 0) return;
    this.#messages.add(this.#world.requireChannel(interaction.channelId), message);
  }

  #fill(interaction: Interaction, draft: MessageDraft, files: RestRequest["files"]): Message {
    const { message } = interaction;
    if (message === undefined) throw unknown(10_008, "Message");
    applyDraft(message, draft, files);
    message.flags = message.flags & ~MessageFlags.Loading;
    message.edited_timestamp = new Date().toISOString();
    interaction.state = "answered";
    interaction.changed();
    return message;
  }

  /** The interaction of a webhook token, if it was answered and its token still counts. */
  #usable(token: string | undefined): Interaction {
    const interaction = this.#byToken.get(token ?? "");
    if (interaction === undefined || interaction.state === "pending" || interaction.state === "failed") {
      throw unknown(10_015, "Webhook");
    }
    if (!interaction.tokenValid) throw new RestError(401, 50_027, "Invalid Webhook Token");
    return interaction;
  }

  #find(interaction: Interaction, messageId: string | undefined): Message {
    const message =
      messageId === "@original" || messageId === interaction.message?.id
        ? interaction.message
        : interaction.followUps.find(({ id }) => id === messageId);
    if (message === undefined) throw unknown(10_008, "Message");
    return message;
  }
}
