import {
  createDecipheriv,
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  sign,
  verify,
} from "node:crypto";
import { emptyPskIndex } from "ts-mls/pskIndex.js";
import { joinGroup } from "ts-mls/clientState.js";
import type { ClientState } from "ts-mls/clientState.js";
import type { CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js";
import type { Signature } from "ts-mls/crypto/signature.js";
import { makeHashImpl } from "ts-mls/crypto/implementation/default/makeHashImpl.js";
import { makeHpke } from "ts-mls/crypto/implementation/default/makeHpke.js";
import { makeKdf, makeKdfImpl } from "ts-mls/crypto/implementation/default/makeKdfImpl.js";
import { defaultRng } from "ts-mls/crypto/implementation/default/rng.js";
import { encodeKeyPackage, generateKeyPackage } from "ts-mls/keyPackage.js";
import type { KeyPackage, PrivateKeyPackage } from "ts-mls/keyPackage.js";
import { mlsExporter } from "ts-mls/keySchedule.js";
import { decodeMlsMessage } from "ts-mls/message.js";
import { processPublicMessage } from "ts-mls/processMessages.js";
import { decodeWelcome } from "ts-mls/welcome.js";
import { publicKeyOf } from "./mls.ts";
import type { DaveOutput } from "./room.ts";
import { TlsReader, u8, u16, u32, u64, vector } from "./tls-codec.ts";

const EXPORT_LABEL = "Discord Secure Frames v0";
const SUITE = "MLS_128_DHKEMP256_AES128GCM_SHA256_P256";

/**
 * A member built on another MLS implementation than davey's. It follows the group and never commits.
 * Submodules are imported since the package's index needs dependencies it does not declare.
 */
export class TsMlsMember {
  readonly userId: string;
  readonly #suite: CiphersuiteImpl;
  readonly #keys: { readonly publicPackage: KeyPackage; readonly privatePackage: PrivateKeyPackage };
  #externalSender: Buffer = Buffer.alloc(0);
  #state: ClientState | undefined;

  private constructor(
    userId: string,
    suite: CiphersuiteImpl,
    keys: { readonly publicPackage: KeyPackage; readonly privatePackage: PrivateKeyPackage },
  ) {
    this.userId = userId;
    this.#suite = suite;
    this.#keys = keys;
  }

  static async create(userId: string): Promise<TsMlsMember> {
    const suite: CiphersuiteImpl = {
      kdf: makeKdfImpl(makeKdf("HKDF-SHA256")),
      hash: makeHashImpl(crypto.subtle, "SHA-256"),
      signature: p256,
      hpke: await makeHpke({ kem: "DHKEM-P256-HKDF-SHA256", kdf: "HKDF-SHA256", aead: "AES128GCM" }),
      rng: defaultRng,
      name: SUITE,
    };
    const keys = await generateKeyPackage(
      { credentialType: "basic", identity: u64(BigInt(userId)) },
      { versions: ["mls10"], ciphersuites: [SUITE], extensions: [], proposals: [], credentials: ["basic"] },
      { notBefore: 0n, notAfter: 2n ** 64n - 1n },
      [],
      suite,
    );
    return new TsMlsMember(userId, suite, keys);
  }

  get keyPackage(): Buffer {
    return Buffer.from(encodeKeyPackage(this.#keys.publicPackage));
  }

  get epoch(): bigint {
    return this.#joined.groupContext.epoch;
  }

  get epochAuthenticator(): Buffer {
    return Buffer.from(this.#joined.keySchedule.epochAuthenticator);
  }

  /** Opens a DAVE frame of the sender's first 2^24 in this epoch: all of it is encrypted, as Opus frames are. */
  async open(userId: string, frame: Buffer): Promise<Buffer> {
    const { exporterSecret } = this.#joined.keySchedule;
    const context = u64(BigInt(userId)).reverse(); // little-endian here, unlike the identity
    const secret = await mlsExporter(exporterSecret, EXPORT_LABEL, context, 16, this.#suite);
    return openFrame(frame, firstKey(Buffer.from(secret)));
  }

  async receive(output: DaveOutput): Promise<void> {
    if (output.kind === "json") return;
    if (output.op === 25) this.#externalSender = output.body;
    else if (output.op === 27) await this.#receiveProposals(output.body);
    else if (output.op === 29) await this.#process(output.body.subarray(2));
    else await this.#join(output.body.subarray(2));
  }

  get #joined(): ClientState {
    if (this.#state === undefined) throw new RangeError(`${this.userId} is in no group`);
    return this.#state;
  }

  async #join(welcome: Buffer): Promise<void> {
    const decoded = decodeWelcome(welcome, 0);
    if (decoded === undefined) throw new RangeError("welcome does not decode");
    const { publicPackage, privatePackage } = this.#keys;
    this.#state = await joinGroup(decoded[0], publicPackage, privatePackage, emptyPskIndex, this.#suite);
  }

  async #receiveProposals(body: Buffer): Promise<void> {
    if (body.readUInt8() !== 0) throw new RangeError("revocation is not supported by this member");
    let rest = new TlsReader(body.subarray(1)).vector();
    while (rest.length > 0) rest = rest.subarray(await this.#process(rest));
  }

  /** Returns the message's length. */
  async #process(bytes: Buffer): Promise<number> {
    const decoded = decodeMlsMessage(bytes, 0);
    if (decoded?.[0].wireformat !== "mls_public_message") throw new RangeError("message does not decode");
    const { groupContext } = this.#joined;
    const { publicMessage } = decoded[0];
    const isProposal = publicMessage.content.contentType === "proposal";
    // ts-mls takes the extension for one struct; RFC 9420 §12.1.8.1 says a vector of them.
    const extensionData = this.#externalSender;
    const extensions = [{ extensionType: "external_senders" as const, extensionData }];
    const context = isProposal ? { ...groupContext, extensions } : groupContext;
    const state = { ...this.#joined, groupContext: context };
    const { newState } = await processPublicMessage(state, publicMessage, emptyPskIndex, this.#suite);
    this.#state = isProposal ? { ...newState, groupContext } : newState;
    return decoded[1];
  }
}

/** Generation 0 of the sender's ratchet (RFC 9420 §9.1); @hpke/core's HKDF refuses secrets of 16 bytes. */
function firstKey(secret: Buffer): Buffer {
  const info = Buffer.concat([u16(16), vector(Buffer.from("MLS 1.0 key")), vector(u32(0))]);
  return createHmac("sha256", secret).update(info).update(u8(1)).digest().subarray(0, 16);
}

/** Ciphertext, tag of 8 bytes, nonce as ULEB128, size of what follows the ciphertext, 0xFAFA. */
function openFrame(frame: Buffer, key: Uint8Array): Buffer {
  if (frame.readUInt16BE(frame.length - 2) !== 0xfafa) throw new RangeError("frame is not encrypted");
  const end = frame.length - frame.readUInt8(frame.length - 3);
  let counter = 0;
  for (let shift = 0, offset = end + 8; ; shift += 7, offset += 1) {
    counter |= (frame.readUInt8(offset) & 0x7f) << shift;
    if (frame.readUInt8(offset) < 0x80) break;
  }
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32LE(counter, 8);
  const decipher = createDecipheriv("aes-128-gcm", key, nonce, { authTagLength: 8 });
  decipher.setAuthTag(frame.subarray(end, end + 8));
  return Buffer.concat([decipher.update(frame.subarray(0, end)), decipher.final()]);
}

/** ECDSA P-256 by node:crypto: that of ts-mls publishes compressed keys, which MLS forbids (RFC 9420 §5.1.1). */
const p256: Signature = {
  sign: async (signKey, message) => {
    const key = createPrivateKey({ key: Buffer.from(signKey), format: "der", type: "pkcs8" });
    return sign("sha256", message, key);
  },
  verify: async (publicKey, message, signature) =>
    verify("sha256", message, publicKeyOf(publicKey), signature),
  keygen: async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const spki = publicKey.export({ format: "der", type: "spki" });
    return { publicKey: spki.subarray(-65), signKey: privateKey.export({ format: "der", type: "pkcs8" }) };
  },
};
