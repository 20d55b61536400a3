import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { CrowdAnswer, CrowdCommand, CrowdReady, CrowdRequest, Spoken } from "./crowd.ts";

/** This process's end of `crowd.ts`. */
export class CrowdProcess implements AsyncDisposable {
  /** What a process needs to run its bot there. */
  readonly environment: Readonly<Record<string, string>>;
  readonly channelId: string;
  readonly #child: ChildProcess;

  readonly #waiting = new Map<number, (answer: CrowdAnswer) => void>();
  #lastId = 0;

  private constructor(child: ChildProcess, ready: CrowdReady) {
    this.#child = child;
    child.on("message", (answer: CrowdAnswer) => this.#settle(answer));
    child.once("exit", () => {
      for (const id of this.#waiting.keys()) this.#settle({ id, failed: "its process ended" });
    });
    this.environment = ready.environment;
    this.channelId = ready.channelId;
  }

  /** Starts a simulated Discord with so many people in its voice channel. */
  static async start(dave: boolean, speakers: number): Promise<CrowdProcess> {
    const child = fork(new URL("./crowd.ts", import.meta.url), [dave ? "dave" : "clear"], { execArgv: [] });
    const [ready] = (await once(child, "message")) as [CrowdReady];
    const crowd = new CrowdProcess(child, ready);
    await crowd.#ask({ kind: "seat", speakers });
    return crowd;
  }

  async recordStart(): Promise<void> {
    await this.#ask({ kind: "record-start" });
  }

  async recordStop(): Promise<void> {
    await this.#ask({ kind: "record-stop" });
  }

  /** Everybody talks at once; resolves when the last packet has been sent. */
  async talk(seconds: number, sound: "speech" | "tone" = "speech"): Promise<void> {
    await this.#ask({ kind: "talk", seconds, sound });
  }

  /** What has been sent by an instant, in milliseconds since 1970. */
  async spoken(untilMs: number = Number.MAX_VALUE): Promise<Spoken> {
    const { spoken } = await this.#ask({ kind: "spoken", untilMs });
    if (spoken === undefined) throw new Error("The crowd did not say what it has said.");
    return spoken;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#child, "exit");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 5_000);
    await this.#ask({ kind: "close" });
    this.#child.disconnect();
    await gone;
    clearTimeout(timer);
  }

  async #ask(command: CrowdCommand): Promise<CrowdAnswer> {
    const id = ++this.#lastId;
    const answered = new Promise<CrowdAnswer>((resolve) => this.#waiting.set(id, resolve));
    this.#child.send({ id, command } satisfies CrowdRequest);
    const answer = await answered;
    if (answer.failed !== undefined)
      throw new Error(`The crowd failed at "${command.kind}": ${answer.failed}`);
    return answer;
  }

  #settle(answer: CrowdAnswer): void {
    this.#waiting.get(answer.id)?.(answer);
    this.#waiting.delete(answer.id);
  }
}
