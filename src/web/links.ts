import { createHmac, timingSafeEqual } from "node:crypto";

/**
 * Addresses of recordings. A page opens by its id, which is secret; a file's link carries an HMAC-SHA256 over id, file
 * and expiry, and stops working by itself. Pure: the caller brings the time.
 */

/** Links last as long as the recording's files. */
export { expiryOf } from "../recordings/retention.ts";

export type Verdict = "valid" | "expired" | "invalid";

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
    return `${id}/tracks/${track}.wav?exp=${expiresAtS}&sig=${this.#sign(trackText(id, track, expiresAtS))}`;
  }

  /** The ZIP of everything, absolute. `expiresAtS` in Unix seconds. */
  archive(id: string, expiresAtS: number): string {
    return `${this.#publicUrl}/r/${this.archiveFromPage(id, expiresAtS)}`;
  }

  /** The same, relative to the recording's page. */
  archiveFromPage(id: string, expiresAtS: number): string {
    return `${id}/archive.zip?exp=${expiresAtS}&sig=${this.#sign(archiveText(id, expiresAtS))}`;
  }

  /**
   * Judges a track's link by its parts as they stand in the address. Only a right signature can be `expired`: nobody
   * learns anything from a link that was not made here. Constant time in the signature.
   */
  verify(id: string, track: string | number, exp: string | number, sig: string, nowS: number): Verdict {
    return this.#judge(trackText(id, track, exp), exp, sig, nowS);
  }

  /** The same for the link of the ZIP. */
  verifyArchive(id: string, exp: string | number, sig: string, nowS: number): Verdict {
    return this.#judge(archiveText(id, exp), exp, sig, nowS);
  }

  #judge(text: string, exp: string | number, sig: string, nowS: number): Verdict {
    const expected = Buffer.from(this.#sign(text));
    const given = Buffer.from(sig);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return "invalid";
    return nowS < Number(exp) ? "valid" : "expired";
  }

  #sign(text: string): string {
    return createHmac("sha256", this.#secret).update(text).digest("base64url");
  }
}

/** The parts are joined by a character that none of them contains in a link made here; the first says of what kind. */
function trackText(id: string, track: string | number, exp: string | number): string {
  return `track/${id}/${track}/${exp}`;
}

function archiveText(id: string, exp: string | number): string {
  return `archive/${id}/${exp}`;
}
