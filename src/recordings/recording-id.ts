import { randomBytes } from "node:crypto";

/**
 * The name of a recording in paths and addresses. A page opens by its id alone, so an id is a secret: 128 random bits.
 * Base 62, because its digits need no escape in a shell, a path or an address, and none begins with a dash.
 */

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BITS = 128;

/** 62²² is the first power of 62 above 2¹²⁸. */
const LENGTH = 22;

const PATTERN = /^[0-9A-Za-z]{22}$/;

/** A new id from the system's random source. */
export function newRecordingId(): string {
  let rest = BigInt(`0x${randomBytes(BITS / 8).toString("hex")}`);
  let id = "";
  for (let digit = 0; digit < LENGTH; digit += 1) {
    id = DIGITS.charAt(Number(rest % 62n)) + id;
    rest /= 62n;
  }
  return id;
}

/** Whether a text has the form of an id, and so is safe as one component of a path. */
export function isRecordingId(text: string): boolean {
  return PATTERN.test(text);
}
