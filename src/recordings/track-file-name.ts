import { slugOf } from "./slug.ts";

/**
 * The file's name inside `tracks/`: `01-Zoë.wav`. The number keeps files apart and harmless (`01-CON.wav`), the name is
 * for people: a person's name, or the user id while the name is unknown.
 */
export function trackFileName(track: number, name: string): string {
  return `${String(track).padStart(2, "0")}-${slugOf(name, "user")}.wav`;
}

/** The number in a track's file name; undefined for any other file. */
export function trackNumberOf(file: string): number | undefined {
  const number = /^(\d{2,4})-[^/\\]*\.wav$/u.exec(file)?.[1];
  return number === undefined ? undefined : Number(number);
}

/** The user id in the name of a track whose person's name was not known yet. */
export function userIdOf(file: string): string | undefined {
  return /^\d{2,4}-(\d{5,20})\.wav$/.exec(file)?.[1];
}
