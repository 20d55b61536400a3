/** Blocks a thread of a running bot through Node's inspector, so that the bot itself needs no test hook. */
import { once } from "node:events";
import { WebSocket } from "ws";
import type { BotProcess } from "./bot-process.ts";

/** Blocks whatever runs it, as a long synchronous computation or a stalled system call would. */
const blockFor = (milliseconds: number) =>
  `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${milliseconds})`;

/** Gives how long it took, in milliseconds. */
const timed = (expression: string) =>
  `(() => { const from = performance.now(); ${expression}; return performance.now() - from; })()`;

type Reply = { readonly id?: number; readonly result?: { readonly result?: { readonly value?: unknown } } };
type Notice =
  | {
      readonly method: "NodeWorker.attachedToWorker";
      readonly params: { readonly sessionId: string; readonly workerInfo: { readonly title: string } };
    }
  | {
      readonly method: "NodeWorker.receivedMessageFromWorker";
      readonly params: { readonly message: string };
    };

/** A debugger attached to a bot that was started with `--inspect=127.0.0.1:0`. */
export class Inspector {
  readonly #socket: WebSocket;
  #lastId = 0;
  /** Sessions of worker threads, by the title that the inspector gives them. */
  readonly #workers = new Map<string, string>();
  readonly #waiting = new Map<number, (reply: Reply) => void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => this.#receive(JSON.parse(data.toString()) as Reply | Notice));
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

  /** Resolves once the worker thread of this name has been blocked and runs again; with how long it was, in ms. */
  async blockWorker(name: string, milliseconds: number): Promise<number> {
    await this.#call("NodeWorker.enable", { waitForDebuggerOnStart: false });
    const session = [...this.#workers].find(([title]) => title.includes(name))?.[1];
    if (session === undefined)
      throw new Error(`no thread "${name}" among ${[...this.#workers.keys()].join(", ")}`);
    const id = ++this.#lastId;
    const evaluation = { expression: timed(blockFor(milliseconds)), returnByValue: true };
    const message = JSON.stringify({ id, method: "Runtime.evaluate", params: evaluation });
    const answered = this.#answerTo(id);
    await this.#call("NodeWorker.sendMessageToWorker", { sessionId: session, message });
    return Number((await answered).result?.result?.value);
  }

  close(): void {
    this.#socket.close();
  }

  #call(method: string, params: object): Promise<Reply> {
    const id = ++this.#lastId;
    const answered = this.#answerTo(id);
    this.#socket.send(JSON.stringify({ id, method, params }));
    return answered;
  }

  #answerTo(id: number): Promise<Reply> {
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  #receive(message: Reply | Notice): void {
    if ("method" in message) {
      const { method, params } = message;
      if (method === "NodeWorker.attachedToWorker")
        this.#workers.set(params.workerInfo.title, params.sessionId);
      else if (method === "NodeWorker.receivedMessageFromWorker")
        this.#receive(JSON.parse(params.message) as Reply);
    } else if (message.id !== undefined) {
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
    }
  }
}
