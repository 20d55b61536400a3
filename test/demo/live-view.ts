import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const TICK_MS = 200;
/** Frames are 20 ms apart; somebody whose last one is older than this is silent. */
const SPEAKING_MS = 120;
/** What a line needs beside the bar; a wrapped line could not be drawn over. */
const REST_CELLS = 40;
const BAR_CELLS = Math.max(10, Math.min(50, (process.stdout.columns || 80) - REST_CELLS));

export type Speaker = { readonly name: string; readonly sent: readonly { readonly sentAtMs: number }[] };

/**
 * Shows a call as it happens: what each person says (known from the simulator) and how their track grows on disk.
 * In a terminal the lines stay where they are; elsewhere one line per change of speakers is printed.
 */
export class LiveView {
  readonly #speakers: readonly Speaker[];
  readonly #tracksFolder: string;
  readonly #bars: string[];
  readonly #startedMs = Date.now();
  #timer: NodeJS.Timeout | undefined;
  #drawn = false;
  #lastLine = "";

  constructor(speakers: readonly Speaker[], tracksFolder: string) {
    this.#speakers = speakers;
    this.#tracksFolder = tracksFolder;
    this.#bars = speakers.map(() => "");
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#tick();
  }

  #tick(): void {
    const now = Date.now();
    const speaking = this.#speakers.map(({ sent }) => now - (sent.at(-1)?.sentAtMs ?? 0) < SPEAKING_MS);
    if (process.stdout.isTTY) this.#draw(speaking);
    else this.#print(speaking);
  }

  #draw(speaking: readonly boolean[]): void {
    if (this.#drawn) process.stdout.write(`\u001B[${this.#speakers.length}A`);
    this.#drawn = true;
    for (const [index, speaker] of this.#speakers.entries()) {
      const bar = ((this.#bars[index] ?? "") + (speaking[index] ? "█" : "·")).slice(-BAR_CELLS);
      this.#bars[index] = bar;
      const line = `   ${speaker.name.padEnd(8)} ${bar.padStart(BAR_CELLS)}  ${String(speaker.sent.length).padStart(5)} packets  ${this.#onDisk(index + 1)}`;
      process.stdout.write(`\u001B[2K${line}\n`);
    }
  }

  #print(speaking: readonly boolean[]): void {
    const names = this.#speakers.filter((_, index) => speaking[index]).map((speaker) => speaker.name);
    const line =
      names.length === 0 ? "silence" : `${names.join(" and ")} ${names.length === 1 ? "speaks" : "speak"}`;
    if (line === this.#lastLine) return;
    this.#lastLine = line;
    const sizes = this.#speakers
      .map((speaker, index) => `${speaker.name} ${this.#onDisk(index + 1)}`)
      .join(", ");
    console.log(
      `   ${((Date.now() - this.#startedMs) / 1000).toFixed(1).padStart(5)} s  ${line.padEnd(32)} on disk: ${sizes}`,
    );
  }

  /** What the track with this number takes on disk, holes not counted. */
  #onDisk(track: number): string {
    const prefix = `${String(track).padStart(2, "0")}-`;
    try {
      const file = readdirSync(this.#tracksFolder).find((name) => name.startsWith(prefix));
      return file === undefined
        ? "–"
        : `${Math.round((statSync(join(this.#tracksFolder, file)).blocks * 512) / 1000)} kB`;
    } catch {
      return "–"; // renamed between the listing and the look, or not there yet
    }
  }
}
