/** Blocks a thread of a running bot through Node's inspector, so that the bot itself needs no test hook. */
import { once } from "node:events";
import { WebSocket } from "ws";
import type { BotProcess } from "./bot-process.ts";

/** Blocks whatever runs it, as a long synchronous computation or a stalled system call would. */
const blockFor = (milliseconds: number) =>
  `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${milliseconds})`;

type Reply = {
  readonly id?: number;
  readonly method?: string;
  readonly params?: {
    readonly sessionId?: string;
    readonly message?: string;
    readonly workerInfo?: { readonly title?: string; readonly url?: string };
  };
};

/** A debugger attached to a bot that was started with `--inspect=127.0.0.1:0`. */
export class Inspector {
  readonly #socket: WebSocket;
  #lastId = 0;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  readonly #workers = new Map<string, string>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => this.#receive(JSON.parse(data.toString()) as Reply));
  }

  static async attach(bot: BotProcess): Promise<Inspector> {
    const address = /Debugger listening on (ws:\/\/\S+)/.exec(bot.output)?.[1];
    if (address === undefined) throw new Error("the bot was not started with --inspect=127.0.0.1:0");
    const socket = new WebSocket(address);
    await once(socket, "open");
    const inspector = new Inspector(socket);
    await inspector.#call("NodeWorker.enable", { waitForDebuggerOnStart: false });
    return inspector;
  }

  /** Resolves once the main thread has been blocked for so long and runs again. */
  async blockMain(milliseconds: number): Promise<void> {
    await this.#call("Runtime.evaluate", { expression: blockFor(milliseconds) });
  }

  /** Resolves once the worker thread whose script's name contains `script` has been blocked for so long. */
  async blockWorker(script: string, milliseconds: number): Promise<void> {
    const sessionId = [...this.#workers].find(([, url]) => url.includes(script))?.[0];
    if (sessionId === undefined)
      throw new Error(`no worker runs ${script}; there are ${[...this.#workers.values()].join(", ")}`);
    const id = ++this.#lastId;
    const answered = new Promise<Reply>((resolve) => this.#waiting.set(id, resolve));
    const message = JSON.stringify({
      id,
      method: "Runtime.evaluate",
      params: { expression: blockFor(milliseconds) },
    });
    await this.#call("NodeWorker.sendMessageToWorker", { sessionId, message });
    await answered;
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
    } else if (message.method === "NodeWorker.attachedToWorker" && message.params?.sessionId !== undefined) {
      this.#workers.set(message.params.sessionId, message.params.workerInfo?.url ?? "");
    } else if (
      message.method === "NodeWorker.receivedMessageFromWorker" &&
      message.params?.message !== undefined
    ) {
      this.#receive(JSON.parse(message.params.message) as Reply);
    }
  }
}
