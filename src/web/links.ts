import { createHmac, timingSafeEqual } from "node:crypto";

/**
 * Addresses of recordings. A page opens by its id, which is secret; a track's link carries an HMAC-SHA256 over id, track
 * and expiry, so it can be handed on alone and stops working by itself. Pure: the caller brings the time.
 */

const SECONDS_PER_DAY = 86_400;

/** When the links of a recording expire, in Unix seconds: they last as long as its files. */
export function expiryOf(startedAtMs: number, retentionDays: number): number {
  return Math.floor(startedAtMs / 1000) + retentionDays * SECONDS_PER_DAY;
}

export class Links {
  readonly #publicUrl: string;
  readonly #secret: string;

  /** `publicUrl` without a trailing slash; `secret` of any length, kept for as long as links should work. */
  constructor({ publicUrl, secret }: { readonly publicUrl: string; readonly secret: string }) {
    this.#publicUrl = publicUrl;
    this.#secret = secret;
  }

  /** The recording's page. */
  page(id: string): string {
    return `${this.#publicUrl}/r/${id}`;
  }

  /** A track's WAV, absolute. `expiresAtS` in Unix seconds. */
  track(id: string, track: number, expiresAtS: number): string {
    return `${this.#publicUrl}/r/${this.trackFromPage(id, track, expiresAtS)}`;
  }

  /** The same, relative to the recording's page: right under whatever host and prefix the page was reached by. */
  trackFromPage(id: string, track: number, expiresAtS: number): string {
    return `${id}/tracks/${track}.wav?exp=${expiresAtS}&sig=${this.#sign(id, String(track), String(expiresAtS))}`;
  }

  /**
   * Judges a link by its parts as they stand in the address. Only a right signature can be `expired`: nobody learns
   * anything from a link that was not made here. Constant time in the signature.
   */
  verify(
    id: string,
    track: string | number,
    exp: string | number,
    sig: string,
    nowS: number,
  ): "valid" | "expired" | "invalid" {
    const expected = Buffer.from(this.#sign(id, String(track), String(exp)));
    const given = Buffer.from(sig);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return "invalid";
    return nowS < Number(exp) ? "valid" : "expired";
  }

  /** The parts are joined by a character that none of them contains in a link made here. */
  #sign(id: string, track: string, exp: string): string {
    return createHmac("sha256", this.#secret).update(`track/${id}/${track}/${exp}`).digest("base64url");
  }
}
