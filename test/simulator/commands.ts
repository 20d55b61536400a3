import type { APIApplicationCommand, APIApplicationCommandOption } from "discord-api-types/v10";
import { z } from "zod";
import { invalidForm, unknown } from "./rest-error.ts";
import { snowflake } from "./snowflake.ts";

const NAME = /^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u;

type OptionInput = {
  readonly type: number;
  readonly name: string;
  readonly description: string;
  readonly options?: readonly OptionInput[] | undefined;
  readonly [key: string]: unknown;
};
const optionSchema: z.ZodType<OptionInput> = z.lazy(() =>
  z.looseObject({
    type: z.int().min(1).max(11),
    name: z.string().regex(NAME),
    description: z.string().min(1).max(100),
    options: z.array(optionSchema).max(25).optional(),
  }),
);
const commandSchema = z.looseObject({
  name: z.string().regex(NAME),
  type: z.int().nullish(),
  description: z.string().max(100).nullish(),
  options: z.array(optionSchema).max(25).nullish(),
  default_member_permissions: z.string().nullish(),
});

/** Lives on the simulator's thread: the slash commands the application has registered, checked as Discord checks them. */
export class Commands {
  readonly #applicationId: string;
  /** Per scope: a guild's id, or "" for everywhere. */
  readonly #scopes = new Map<string, APIApplicationCommand[]>();
  readonly #waiting = new Set<() => void>();

  constructor(applicationId: string) {
    this.#applicationId = applicationId;
  }

  list(scope = ""): readonly APIApplicationCommand[] {
    return this.#scopes.get(scope) ?? [];
  }

  /** Replaces all commands of the scope. */
  replaceAll(json: unknown, scope = ""): readonly APIApplicationCommand[] {
    const parsed = z.array(commandSchema).max(100).safeParse(json);
    if (!parsed.success) throw invalidForm(z.prettifyError(parsed.error));
    this.#scopes.set(scope, []);
    for (const command of parsed.data) this.#put(command, scope);
    return this.list(scope);
  }

  /** Adds a command or replaces the one of its name. */
  put(json: unknown, scope = ""): APIApplicationCommand {
    const parsed = commandSchema.safeParse(json);
    if (!parsed.success) throw invalidForm(z.prettifyError(parsed.error));
    return this.#put(parsed.data, scope);
  }

  delete(commandId: string | undefined, scope = ""): void {
    const commands = this.list(scope);
    if (!commands.some(({ id }) => id === commandId)) throw unknown(10_063, "application command");
    this.#scopes.set(
      scope,
      commands.filter(({ id }) => id !== commandId),
    );
  }

  /** The command a member of the guild reaches by that name, guild commands first. */
  find(name: string, guildId: string): APIApplicationCommand | undefined {
    return [...this.list(guildId), ...this.list()].find((command) => command.name === name);
  }

  /** Waits until the command is registered; rejects after the timeout. */
  async registered(name: string, guildId: string, timeoutMs: number): Promise<APIApplicationCommand> {
    const found = this.find(name, guildId);
    if (found !== undefined) return found;
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error(`The bot registered no command /${name} within ${timeoutMs} ms.`));
      }, timeoutMs);
      const check = (): void => {
        const command = this.find(name, guildId);
        if (command === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(command);
      };
      this.#waiting.add(check);
    });
  }

  #put(input: z.infer<typeof commandSchema>, scope: string): APIApplicationCommand {
    const commands = this.list(scope);
    const existing = commands.find(({ name }) => name === input.name);
    const command = {
      ...input,
      id: existing?.id ?? snowflake(),
      application_id: this.#applicationId,
      type: input.type ?? 1,
      description: input.description ?? "",
      options: (input.options ?? []) as unknown as APIApplicationCommandOption[],
      default_member_permissions: input.default_member_permissions ?? null,
      version: snowflake(),
      ...(scope === "" ? {} : { guild_id: scope }),
    } as unknown as APIApplicationCommand;
    this.#scopes.set(scope, [...commands.filter(({ name }) => name !== input.name), command]);
    for (const check of this.#waiting) check();
    return command;
  }
}
