import { NetworkingStatusCode } from "@discordjs/voice";
import type { Networking, VoiceWebSocket } from "@discordjs/voice";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { TRANSPORT_MODE } from "./transport-cipher.ts";

export type VoiceSocketListener = {
  /** Before any message, which may change senders or keys, is told to the library. */
  readonly beforeMessage: () => void;
  /** Any JSON message of the voice gateway, after the library has seen it. */
  readonly onPacket: (op: number, data: unknown) => void;
  /** Op 25. */
  readonly onExternalSender: (credential: Buffer) => void;
  /** Keys or transitions may have changed: what was locked may open. */
  readonly onKeys: () => void;
};

type BinaryMessage = { readonly op: number; readonly seq: number; readonly payload: Buffer };

/** A message that came too early, to be told again. */
type Deferred =
  | { readonly event: "packet"; readonly message: unknown }
  | { readonly event: "binary"; readonly message: BinaryMessage };

const OP_READY = 2;
const OP_EXTERNAL_SENDER = 25;
/** Prepare transition, execute transition, prepare epoch. */
const KEY_OPS: ReadonlySet<number> = new Set([21, 22, 24]);
/** Commit, welcome. */
const KEY_BINARY_OPS: ReadonlySet<number> = new Set([29, 30]);
/** Who comes and goes, and the above: what only makes sense in its order among the binary messages. */
const ORDERED_OPS: ReadonlySet<number> = new Set([11, 13, ...KEY_OPS]);
/** Ten times what 25 people joining at once cause. */
const MAX_DEFERRED = 1_024;

/**
 * Lives on the capture thread. Stands between a voice websocket and the library's handlers, and makes up for three
 * faults of @discordjs/voice 0.19.2: its handlers throw at unexpected MLS messages (an uncaught exception), it ignores
 * MLS messages while it resumes but not the JSON messages between them, and it takes the server's first cipher whether or
 * not we can open it.
 */
export class VoiceSocketTap {
  readonly #networking: Networking;
  readonly #log: Log;
  readonly #listener: VoiceSocketListener;
  readonly #attached = new WeakSet<VoiceWebSocket>();
  #deferred: Deferred[] = [];
  #closed = false;

  constructor(networking: Networking, log: Log, listener: VoiceSocketListener) {
    this.#networking = networking;
    this.#log = log;
    this.#listener = listener;
  }

  /** Takes the place of the library's handlers on this socket; once per socket. */
  attach(socket: VoiceWebSocket): void {
    if (this.#attached.has(socket)) return;
    this.#attached.add(socket);
    const onPacket = this.#takeListeners(socket, "packet");
    const onBinary = this.#takeListeners(socket, "binary");
    socket.on("packet", (packet: unknown) => {
      if (!this.#isCurrent(socket)) return;
      this.#listener.beforeMessage();
      if (
        isMessage(packet) &&
        ORDERED_OPS.has(packet.op) &&
        this.#defers({ event: "packet", message: packet })
      )
        return;
      preferTransportMode(packet);
      onPacket(packet);
      if (!isMessage(packet)) return;
      this.#listener.onPacket(packet.op, packet.d);
      if (KEY_OPS.has(packet.op)) this.#listener.onKeys();
    });
    socket.on("binary", (message: BinaryMessage) => {
      if (!this.#isCurrent(socket)) return;
      this.#listener.beforeMessage();
      if (this.#defers({ event: "binary", message })) return;
      onBinary(message);
      if (message.op === OP_EXTERNAL_SENDER) this.#listener.onExternalSender(message.payload);
      if (KEY_BINARY_OPS.has(message.op)) this.#listener.onKeys();
    });
  }

  /** Hands over, in order, what came while the connection was being resumed. */
  replay(): void {
    const { state } = this.#networking;
    if (this.#deferred.length === 0 || !("ws" in state)) return;
    const messages = this.#deferred;
    this.#deferred = [];
    for (const { event, message } of messages) state.ws.emit(event, message);
  }

  close(): void {
    this.#closed = true;
  }

  /** Keeps a message while the connection is being resumed; whether it did. */
  #defers(deferred: Deferred): boolean {
    if (this.#networking.state.code !== NetworkingStatusCode.Resuming) return false;
    if (this.#deferred.length < MAX_DEFERRED) this.#deferred.push(deferred);
    else this.#log.warn("more messages missed than can be caught up with: the keys may have to be asked for");
    return true;
  }

  #isCurrent(socket: VoiceWebSocket): boolean {
    const { state } = this.#networking;
    return !this.#closed && "ws" in state && state.ws === socket;
  }

  #takeListeners(socket: VoiceWebSocket, event: "packet" | "binary"): (message: unknown) => void {
    const listeners = socket.listeners(event);
    socket.removeAllListeners(event);
    return (message) => {
      for (const listener of listeners) {
        try {
          Reflect.apply(listener, socket, [message]);
        } catch (error) {
          this.#log.warn({ event, error: messageOf(error) }, "the voice library failed at a gateway message");
        }
      }
    };
  }
}

function isMessage(packet: unknown): packet is { readonly op: number; readonly d: unknown } {
  return typeof packet === "object" && packet !== null && "op" in packet && typeof packet.op === "number";
}

/** Leaves the library no choice where the server offers our cipher. */
function preferTransportMode(packet: unknown): void {
  if (!isMessage(packet) || packet.op !== OP_READY) return;
  const { d } = packet;
  if (typeof d !== "object" || d === null || !("modes" in d) || !Array.isArray(d.modes)) return;
  if (d.modes.includes(TRANSPORT_MODE)) d.modes = [TRANSPORT_MODE];
}
