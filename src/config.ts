import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { messageOf } from "./errors.ts";

/**
 * The configuration: read from the environment once, at the edge. Every fault is reported at once, each with what to do.
 * An empty variable counts as absent, because that is what `NAME=` in a `.env` file means to people.
 */

const ROLES = ["bot", "web", "jobs"] as const;
export type Role = (typeof ROLES)[number];

const httpUrl = z
  .string()
  .refine(isHttpUrl, { error: "must be an http:// or https:// address", abort: true })
  .refine((url) => !/[?#\s<>]/.test(url), "must have no ?, no # and no space")
  .refine((url) => !hasUser(url), "must have no user and no password in it");
const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`);
const directory = z
  .string()
  .refine((path) => !path.includes("\0"), "must be a folder's path")
  .refine(
    (path) => !/^[~$]/.test(path),
    "must not begin with ~ or $, which only a shell replaces: write the whole path (or ./ before a folder of such a name)",
  )
  .transform((path) => resolve(path));

function serviceUrl(protocol: RegExp, malformed: string) {
  return z.string().refine((url) => protocol.test(protocolOf(url)), { error: malformed, abort: true });
}

const variables = {
  DISCORD_TOKEN: z
    .string()
    .regex(
      /^[\w-]+\.[\w-]+\.[\w-]+$/,
      "is not a bot token: copy it from the Bot page of the Discord developer portal",
    )
    .optional(),
  DISCORD_API_URL: httpUrl.default("https://discord.com/api"),
  DATA_DIR: directory.prefault("./data"),
  PUBLIC_URL: httpUrl.transform((url) => url.replace(/\/+$/, "")).optional(),
  HTTP_HOST: z
    .string()
    .regex(/^[\w.:-]+$/, "must be an address to listen on, such as 0.0.0.0 or 127.0.0.1")
    .default("0.0.0.0"),
  HTTP_PORT: integer(1, 65_535).prefault("8080"),
  LINK_SECRET: z
    .string()
    .min(32, "must have at least 32 characters; leave it out to have one made and kept in DATA_DIR")
    .optional(),
  RETENTION_DAYS: integer(1, 36_500).prefault("30"),
  REDIS_URL: serviceUrl(/^rediss?:$/, "must be a redis:// or rediss:// address").optional(),
  // This version cannot use one yet: refused rather than silently ignored.
  DATABASE_URL: serviceUrl(/^postgres(ql)?:$/, "must be a postgres:// address")
    .refine(() => false, "is not supported yet: leave it out, the catalog is an SQLite file in DATA_DIR")
    .optional(),
  FFMPEG_PATH: z
    .string()
    .refine((path) => !path.includes("\0"), "must be a command or a path")
    .default("ffmpeg"),
  ROLES: z
    .string()
    .transform((text) => [...new Set(text.split(",").map((role) => role.trim()))])
    .pipe(z.array(z.enum(ROLES, `must be a list of ${ROLES.join(", ")}`)))
    .prefault("bot,web,jobs"),
  LOG_LEVEL: z
    .enum(
      ["fatal", "error", "warn", "info", "debug", "trace", "silent"],
      "must be fatal, error, warn, info, debug, trace or silent",
    )
    .default("info"),
  ANNOUNCEMENT: z.enum(["on", "off"], "must be on or off").default("on"),
  QUEUE_SLOTS: integer(64, 524_288)
    .refine((slots) => (slots & (slots - 1)) === 0, "must be a power of two, such as 16384 or 32768")
    .optional(),
  DISK_RESERVE_MB: integer(0, 100_000_000).prefault("512"),
  RESUME_SECONDS: integer(0, 3_600).prefault("120"),
};

/** The names of all of them. */
export const VARIABLES: readonly string[] = [...Object.keys(variables), "DISCORD_TOKEN_FILE"];

export type Config = {
  /** Absent where this process needs none (no `bot` role). */
  readonly token: string | undefined;
  readonly discordApiUrl: string;
  /** Absolute. */
  readonly dataDir: string;
  /** Without a trailing slash. */
  readonly publicUrl: string;
  readonly httpHost: string;
  readonly httpPort: number;
  /** Absent: one is made and kept in `dataDir`. */
  readonly linkSecret: string | undefined;
  readonly retentionDays: number;
  /** Where jobs are kept; absent: in the catalog. Holds a password perhaps: never logged. */
  readonly redisUrl: string | undefined;
  /** Command or path; it need not exist. */
  readonly ffmpegPath: string;
  readonly roles: readonly Role[];
  readonly logLevel: string;
  /** Whether joining is announced aloud. */
  readonly announcement: boolean;
  /** Capacity of the frame queue, each slot 20 ms of one person; absent: as the machine's memory allows. */
  readonly queueSlots: number | undefined;
  /** A recording is refused with less free space than this; see `recordings/disk-space.ts` for what follows from it. */
  readonly diskReserveBytes: number;
  /** A recording whose process died no longer ago than this goes on after the restart; 0: it ends. */
  readonly resumeWithinMs: number;
};

/** One thing wrong with the configuration. */
export type ConfigFault = { readonly variable: string; readonly problem: string };

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] };

/** Reads and checks everything; never throws. `DISCORD_TOKEN_FILE` is read here. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): ConfigResult {
  const faults: ConfigFault[] = [];
  const given: Record<string, string | undefined> = {};
  for (const name of Object.keys(variables)) {
    const value = environment[name]?.trim();
    if (value) given[name] = value;
  }
  const tokenFile = environment["DISCORD_TOKEN_FILE"]?.trim();
  if (tokenFile && given["DISCORD_TOKEN"] === undefined) {
    try {
      given["DISCORD_TOKEN"] = readFileSync(tokenFile, "utf8").trim();
    } catch (error) {
      faults.push({ variable: "DISCORD_TOKEN_FILE", problem: `cannot be read: ${messageOf(error)}` });
    }
  }
  const parsed = z.object(variables).safeParse(given);
  if (!parsed.success) {
    for (const issue of parsed.error.issues)
      faults.push({ variable: String(issue.path[0]), problem: issue.message });
    return { ok: false, faults: onePerVariable(faults) };
  }
  if (faults.length > 0) return { ok: false, faults };
  const values = parsed.data;
  return {
    ok: true,
    config: {
      token: values.DISCORD_TOKEN,
      discordApiUrl: values.DISCORD_API_URL.replace(/\/+$/, ""),
      dataDir: values.DATA_DIR,
      publicUrl: values.PUBLIC_URL ?? `http://localhost:${values.HTTP_PORT}`,
      httpHost: values.HTTP_HOST,
      httpPort: values.HTTP_PORT,
      linkSecret: values.LINK_SECRET,
      retentionDays: values.RETENTION_DAYS,
      redisUrl: values.REDIS_URL,
      ffmpegPath: values.FFMPEG_PATH,
      roles: values.ROLES,
      logLevel: values.LOG_LEVEL,
      announcement: values.ANNOUNCEMENT === "on",
      queueSlots: values.QUEUE_SLOTS,
      diskReserveBytes: values.DISK_RESERVE_MB * 1_048_576,
      resumeWithinMs: values.RESUME_SECONDS * 1_000,
    },
  };
}

function onePerVariable(faults: readonly ConfigFault[]): ConfigFault[] {
  return [...new Map(faults.map((fault) => [fault.variable, fault])).values()];
}

/** As it stands, too: `new URL` also takes `https:host`, `https:/host` and `https:\\host`, and clients do not. */
function isHttpUrl(url: string): boolean {
  return /^https?:\/\/[^/\\][^\\]*$/i.test(url) && URL.canParse(url);
}

function hasUser(url: string): boolean {
  const { username, password } = new URL(url);
  return username !== "" || password !== "";
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : "";
}
