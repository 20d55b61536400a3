/** Blocks the main thread of a running bot through Node's inspector, so that the bot itself needs no test hook. */
import { once } from "node:events";
import { WebSocket } from "ws";
import type { BotProcess } from "./bot-process.ts";

/** Blocks whatever runs it, as a long synchronous computation or a stalled system call would. */
const blockFor = (milliseconds: number) =>
  `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${milliseconds})`;

type Reply = { readonly id?: number };

/** A debugger attached to a bot that was started with `--inspect=127.0.0.1:0`. */
export class Inspector {
  readonly #socket: WebSocket;
  #lastId = 0;
  readonly #waiting = new Map<number, (reply: Reply) => void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => this.#receive(JSON.parse(data.toString()) as Reply));
  }

  static async attach(bot: BotProcess): Promise<Inspector> {
    const address = /Debugger listening on (ws:\/\/\S+)/.exec(bot.output)?.[1];
    if (address === undefined) throw new Error("the bot was not started with --inspect=127.0.0.1:0");
    const socket = new WebSocket(address);
    await once(socket, "open");
    return new Inspector(socket);
  }

  /** Resolves once the main thread has been blocked for so long and runs again. */
  async blockMain(milliseconds: number): Promise<void> {
    await this.#call("Runtime.evaluate", { expression: blockFor(milliseconds) });
  }

  close(): void {
    this.#socket.close();
  }

  #call(method: string, params: object): Promise<Reply> {
    const id = ++this.#lastId;
    const answered = new Promise<Reply>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params }));
    return answered;
  }

  #receive(message: Reply): void {
    if (message.id !== undefined) {
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
    }
  }
}
