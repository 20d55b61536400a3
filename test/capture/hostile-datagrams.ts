/** Datagrams that no honest server sends, made from a seed: noise, broken copies of real ones, and sealed lies. */
import { createCipheriv } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { SeededRandom } from "./seeded-random.ts";

const MAX_BYTES = 1_500;
const HEADER_BYTES = 12;
const SEAL_BYTES = 20;
const NOISE_BYTES = 1 << 16;
/** Of SSRCs that nobody has: more than a connection keeps. */
const STRANGERS = 3_000;

/** What whoever knows the transport key, so the server alone, may put under which SSRC. */
export type Forger = { readonly key: KeyObject; readonly ssrc: number };

/** Lives in one test. Makes one datagram after the other, each its own buffer. */
export class HostileDatagrams {
  readonly #random: SeededRandom;
  readonly #honest: readonly Buffer[];
  readonly #forger: Forger;
  readonly #noise: Buffer;
  #counter = 0x8000_0000;
  #sequence = 0;

  /**
   * @param honest real datagrams, to be broken or repeated
   * @param forger how to seal what authenticates all the same
   */
  constructor(seed: number, honest: readonly Buffer[], forger: Forger) {
    this.#random = new SeededRandom(seed);
    this.#honest = honest;
    this.#forger = forger;
    this.#noise = this.#random.bytes(NOISE_BYTES);
  }

  next(): Buffer {
    switch (this.#random.below(8)) {
      case 0:
        return this.#bytes(this.#random.below(MAX_BYTES + 1));
      case 1:
        return this.#likeRtp();
      case 2:
        return this.#flipped();
      case 3:
        return this.#cut();
      case 4:
        return this.#misdescribed();
      case 5:
        return this.#longer();
      default:
        return this.#sealed();
    }
  }

  /** Whether RFC 3550 lets this be Opus on Discord: version 2, payload type 120, all of the header it claims. */
  static isMedia(datagram: Buffer): boolean {
    if (datagram.length < HEADER_BYTES) return false;
    const first = datagram.readUInt8(0);
    const headBytes = HEADER_BYTES + 4 * (first & 15) + (first & 16 ? 4 : 0);
    return first >> 6 === 2 && (datagram.readUInt8(1) & 127) === 120 && datagram.length >= headBytes;
  }

  /** Noise behind a header that looks right, under the SSRC of somebody or of nobody. */
  #likeRtp(): Buffer {
    const datagram = this.#bytes(HEADER_BYTES + this.#random.below(MAX_BYTES - HEADER_BYTES));
    datagram[0] = 0x80 | (this.#random.below(256) & 0x3f);
    datagram[1] = 120;
    datagram.writeUInt32BE(this.#ssrc(), 8);
    return datagram;
  }

  #flipped(): Buffer {
    const datagram = this.#copy();
    for (let flips = 1 + this.#random.below(8); flips > 0; flips--) {
      const at = this.#random.below(datagram.length);
      datagram[at] = (datagram[at] ?? 0) ^ (1 << this.#random.below(8));
    }
    return datagram;
  }

  #cut(): Buffer {
    const datagram = this.#copy();
    return datagram.subarray(0, this.#random.below(datagram.length));
  }

  /** Another version, payload type, number of sources, extension or padding bit than it was sealed with. */
  #misdescribed(): Buffer {
    const datagram = this.#copy();
    datagram[0] = this.#random.below(256);
    if (this.#random.below(2) === 0) datagram[1] = this.#random.below(256);
    return datagram;
  }

  #longer(): Buffer {
    const datagram = this.#copy();
    return Buffer.concat([datagram, this.#bytes(1 + this.#random.below(MAX_BYTES - datagram.length))]);
  }

  /** Authentic, with lies inside: numbers, sources, extension and padding lengths, Opus, end-to-end trailer. */
  #sealed(): Buffer {
    const random = this.#random;
    const sources = random.below(4) === 0 ? random.below(16) : 0;
    const extended = random.below(2) === 0;
    const padded = random.below(4) === 0;
    const head = this.#bytes(HEADER_BYTES + 4 * sources + (extended ? 4 : 0));
    head[0] = 0x80 | (padded ? 0x20 : 0) | (extended ? 0x10 : 0) | sources;
    head[1] = 120 | (random.below(2) << 7);
    // Mostly one after the other, as the receiver hopes; else anywhere.
    this.#sequence = random.below(16) === 0 ? random.below(0x1_0000) : (this.#sequence + 1) & 0xffff;
    head.writeUInt16BE(this.#sequence, 2);
    if (random.below(4) > 0) head.writeUInt32BE((this.#sequence * 960) >>> 0, 4);
    head.writeUInt32BE(random.below(4) === 0 ? this.#ssrc() : this.#forger.ssrc, 8);
    if (extended) {
      head.writeUInt16BE(0xbede, head.length - 4);
      if (random.below(4) > 0) head.writeUInt16BE(random.below(8), head.length - 2);
    }
    const body = this.#body(random.below(8) === 0 ? MAX_BYTES - head.length - SEAL_BYTES : 200);
    if (padded && body.length > 0 && random.below(2) === 0)
      body[body.length - 1] = random.below(body.length + 4) & 255;
    return this.#seal(head, body);
  }

  #body(maxBytes: number): Buffer {
    const random = this.#random;
    const body = this.#bytes(random.below(maxBytes + 1));
    if (body.length < 3 || random.below(2) === 0) return body;
    // The trailer of an end-to-end encrypted frame: how long it is, true or not, and the magic.
    body[body.length - 3] = random.below(4) === 0 ? random.below(256) : random.below(24);
    body[body.length - 2] = 0xfa;
    body[body.length - 1] = 0xfa;
    return body;
  }

  #seal(head: Buffer, body: Buffer): Buffer {
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32LE(this.#counter++ >>> 0, 0);
    const cipher = createCipheriv("aes-256-gcm", this.#forger.key, nonce);
    cipher.setAAD(head);
    const sealed = cipher.update(body);
    cipher.final();
    return Buffer.concat([head, sealed, cipher.getAuthTag(), nonce.subarray(0, 4)]);
  }

  #ssrc(): number {
    return this.#random.below(4) === 0 ? this.#forger.ssrc : 0x7000_0000 + this.#random.below(STRANGERS);
  }

  #copy(): Buffer {
    return Buffer.from(this.#honest[this.#random.below(this.#honest.length)] ?? Buffer.alloc(HEADER_BYTES));
  }

  #bytes(length: number): Buffer {
    const from = this.#random.below(NOISE_BYTES - length);
    return Buffer.from(this.#noise.subarray(from, from + length));
  }
}
