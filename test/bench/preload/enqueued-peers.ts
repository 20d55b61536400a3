/**
 * The peers: until the handler of the last stream's "data" returns, that is, until the packet has been decoded and written
 * (`sync`), kept (`memory`), or given to the file stream (`stream`, `opus`). Each stream keeps the order of its packets, so
 * the one that leaves is the oldest that came.
 */
import { Socket } from "node:dgram";
import { AudioReceiveStream } from "@discordjs/voice";
import prism from "prism-media";
import type { Waits } from "./waits.ts";

export function watch(packets: Waits): void {
  let datagramAtMs = Number.NaN;
  /** When the packets in a stream came, the oldest first. */
  const arrivalsMs = new WeakMap<object, number[]>();
  const arrivalsIn = (stream: object): number[] => {
    const arrivals = arrivalsMs.get(stream) ?? [];
    arrivalsMs.set(stream, arrivals);
    return arrivals;
  };
  const leave = (stream: object): void => {
    const arrivedMs = arrivalsIn(stream).shift();
    if (arrivedMs !== undefined) packets.record(performance.now() - arrivedMs);
  };

  // eslint-disable-next-line typescript/unbound-method -- bound again at each call
  const { emit: emitDatagram } = Socket.prototype;
  Socket.prototype.emit = function (this: Socket, event: string | symbol, ...args: unknown[]): boolean {
    if (event === "message") datagramAtMs = performance.now();
    return Reflect.apply(emitDatagram, this, [event, ...args]);
  };

  // eslint-disable-next-line typescript/unbound-method -- bound again at each call
  const { push, emit } = AudioReceiveStream.prototype;
  AudioReceiveStream.prototype.push = function (this: AudioReceiveStream, packet: Buffer | null): boolean {
    if (packet !== null) arrivalsIn(this).push(datagramAtMs);
    return push.call(this, packet);
  };
  /** Streams whose packets go on to a decoder that is one itself. */
  const piped = new WeakSet<object>();
  AudioReceiveStream.prototype.emit = function (
    this: AudioReceiveStream,
    event: string | symbol,
    ...args: unknown[]
  ) {
    const heard: boolean = Reflect.apply(emit, this, [event, ...args]);
    if (event === "data" && !piped.has(this)) leave(this);
    return heard;
  };

  // eslint-disable-next-line typescript/unbound-method -- bound again at each call
  const { emit: emitDecoded } = prism.opus.Decoder.prototype;
  prism.opus.Decoder.prototype.emit = function (
    this: object,
    event: string | symbol,
    ...args: unknown[]
  ): boolean {
    const [source] = args;
    if (event === "pipe" && typeof source === "object" && source !== null) {
      arrivalsMs.set(this, arrivalsIn(source));
      piped.add(source);
    }
    const heard: boolean = Reflect.apply(emitDecoded, this, [event, ...args]);
    if (event === "data") leave(this);
    return heard;
  };
}
