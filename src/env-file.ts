/** The file `.env` in the working directory: read in this one place, by start and doctor alike. */
import { lstatSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { isKnownName, nearestName, READ_BEFORE } from "./env-names.ts";
import { isMissing, messageOf, RecorderError, systemCodeOf } from "./errors.ts";

/** A line that nobody uses. Never says more of it than a name: the rest may be a secret. */
export type UnusedLine = {
  /** From 1. */
  readonly line: number;
  /** Such as `DISCORD_TOKE is known to nobody`; no full stop. */
  readonly problem: string;
  /** What to write instead; undefined where it may be meant for another program. */
  readonly remedy: string | undefined;
};

export type EnvFile = {
  /** Absolute. */
  readonly path: string;
  /** As they stand in the file; undefined where there is none. */
  readonly values: Readonly<Record<string, string | undefined>> | undefined;
  readonly unused: readonly UnusedLine[];
};

type Environment = Record<string, string | undefined>;

/** As Node's own parser takes it for a variable that can be set. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Of each kind: each costs a walk through the text, and fewer show that it is no `.env`. */
const MOST_TOLD = 50;
const BYTE_ORDER_MARK = /^\uFEFF/;

/**
 * Reads `.env` and sets in `environment` what is not set there: the environment wins over the file. Throws `E-ENV-FILE`
 * where there is one that cannot be read.
 */
export function loadEnvFile(environment: Environment): EnvFile {
  const path = resolve(".env");
  const text = textOf(path);
  if (text === undefined) return { path, values: undefined, unused: [] };
  const values = parseEnv(text);
  const unused = [
    ...unreadLines(text),
    ...unknownNames(text, values),
    ...lateNames(text, values, environment),
  ];
  for (const [name, value] of Object.entries(values)) if (NAME.test(name)) environment[name] ??= value;
  return { path, values, unused: unused.sort((a, b) => a.line - b.line) };
}

/** Where the token was looked for, in a sentence: for people who have set it, as they think. */
export function whereTokenWasSought({ path, values }: EnvFile): string {
  if (values === undefined) return `There is no file ${path}.`;
  const value = values["DISCORD_TOKEN"];
  if (value === undefined) return `${path} has been read, and does not set it.`;
  if (value.trim() === "") return `${path} has been read, and DISCORD_TOKEN is empty there.`;
  return `${path} sets it, but the environment has an empty DISCORD_TOKEN, and wins.`;
}

/** Without the mark that Windows' editors put first; undefined where there is no file. */
function textOf(path: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (isMissing(error) && lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
    const isFolder = systemCodeOf(error) === "EISDIR";
    throw new RecorderError(
      "E-ENV-FILE",
      `${path} cannot be read: ${isFolder ? "it is a folder" : messageOf(error)}.`,
      isFolder
        ? "Rename that folder, and write the variables into a file of this name."
        : "Give it to the user that the recorder runs as, or remove it.",
      { cause: error },
    );
  }
  // What UTF-16 is made of, wherever its letters are those of names.
  if (text.includes("\0"))
    throw new RecorderError(
      "E-ENV-FILE",
      `${path} is not a text in UTF-8.`,
      "Save it anew with the encoding UTF-8 (PowerShell's > and Notepad's \"Unicode\" write UTF-16).",
    );
  return text.replace(BYTE_ORDER_MARK, "");
}

/**
 * Lines without a name and a value. One that belongs to a longer value is missing from that value when it is taken away.
 */
function unreadLines(text: string): UnusedLine[] {
  const lines = text.split("\n");
  const all = JSON.stringify(parseEnv(text));
  return lines
    .map((line, index) => ({ line, index }))
    .filter(({ line }) => !/^\s*(#|$)/.test(line) && Object.keys(parseEnv(line)).length === 0)
    .slice(0, MOST_TOLD)
    .filter(({ index }) => JSON.stringify(parseEnv(lines.toSpliced(index, 1).join("\n"))) === all)
    .map(({ line, index }) => notAssigned(index + 1, line));
}

function unknownNames(text: string, values: Environment): UnusedLine[] {
  return Object.keys(values)
    .filter((name) => !isKnownName(name))
    .slice(0, MOST_TOLD)
    .map((name) => {
      const line = lineOf(text, name);
      if (!NAME.test(name)) return notAssigned(line, name);
      const nearest = nearestName(name);
      // A long word in letters of both cases is rather a secret on the wrong side of the sign.
      const isName = name.length <= 32 && (name === name.toUpperCase() || name === name.toLowerCase());
      if (nearest === undefined && !isName) return notAssigned(line, "");
      const remedy = nearest === undefined ? undefined : `Did you mean ${nearest}?`;
      return { line, problem: `${isName ? name : "that name"} is known to nobody`, remedy };
    });
}

/** What Node would have needed before. */
function lateNames(text: string, values: Environment, environment: Environment): UnusedLine[] {
  return READ_BEFORE.filter((name) => values[name] && environment[name] === undefined).map((name) => ({
    line: lineOf(text, name),
    problem: `${name} comes too late for Node, unless with Docker`,
    remedy: `Set it in the environment: ${name}=… npm start`,
  }));
}

function notAssigned(line: number, text: string): UnusedLine {
  const [, word = ""] = /^\s*(?:export\s+)?([A-Za-z_]\w*)/.exec(text) ?? [];
  const name = isKnownName(word) ? word : nearestName(word);
  return { line, problem: "this is not NAME=value", remedy: `Write ${name ?? "NAME"}=value there.` };
}

/** Where the value comes from: of lines that set the same name, the last one counts. */
function lineOf(text: string, name: string): number {
  const sets = (line: string): boolean => {
    const assignment = line.replace(/^\s*(export\s+)?/, "");
    return assignment.startsWith(name) && /^\s*=/.test(assignment.slice(name.length));
  };
  return text.split("\n").findLastIndex(sets) + 1;
}
