import type { SeededRandom } from "../capture/seeded-random.ts";
import type { Speech } from "../simulator/people/speech.ts";
import type { Person } from "../simulator/person.ts";
import type { Seat } from "../simulator/voice/voice-service.ts";
import { sleep } from "../support/wait.ts";

/** How often each thing was done, by all guests of a call. */
export type Deeds = { joins: number; leaves: number; moves: number; mutes: number; speeches: number };

export type Party = {
  readonly recordedChannelId: string;
  readonly otherChannelId: string;
  readonly deeds: Deeds;
  /** Seats that are free, over both channels. */
  freeSeats: number;
  /** When everybody goes, on the clock of `performance.now()`. */
  untilMs: number;
};

/** Somebody who cannot sit still: comes, speaks, mutes, moves to another channel and back, leaves in mid-sentence. */
export class ChurningGuest {
  readonly person: Person;
  /** Every seat taken in the recorded channel. */
  readonly recordedSeats: Seat[] = [];
  readonly #party: Party;
  readonly #speech: Speech;
  readonly #random: SeededRandom;

  constructor(person: Person, speech: Speech, party: Party, random: SeededRandom) {
    this.person = person;
    this.#speech = speech;
    this.#party = party;
    this.#random = random;
  }

  /** Packets sent into the recorded channel. */
  get recordedPackets(): number {
    return this.recordedSeats.reduce((sum, seat) => sum + seat.sent.length, 0);
  }

  /** Churns as long as the party lasts, and leaves. */
  async live(): Promise<void> {
    while (performance.now() < this.#party.untilMs) await this.#act();
    await this.#leave();
  }

  async #act(): Promise<void> {
    const { recordedChannelId, otherChannelId, deeds } = this.#party;
    const { channelId } = this.person;
    const dice = this.#random.next();
    if (channelId === undefined) {
      if (this.#party.freeSeats > 0) {
        this.#party.freeSeats--;
        deeds.joins++;
        await this.#sit(recordedChannelId);
      } else await this.#pause(2_000);
    } else if (dice < 0.7) {
      deeds.speeches++;
      await this.person.say(this.#words(20 + this.#random.below(130)));
      await this.#pause(1_500);
    } else if (dice < 0.8) {
      deeds.mutes++;
      this.person.setVoice(true, null);
      await this.#pause(3_000);
      this.person.setVoice(false, null);
    } else if (dice < 0.9) {
      deeds.moves++;
      await this.#sit(channelId === recordedChannelId ? otherChannelId : recordedChannelId);
    } else {
      // What has been begun is not said to its end.
      const speaking = this.person.say(this.#words(100));
      await this.#pause(1_000);
      await this.#leave();
      await speaking;
      await this.#pause(4_000);
    }
  }

  async #sit(channelId: string): Promise<void> {
    await this.person.join(channelId);
    const { seat } = this.person;
    if (channelId === this.#party.recordedChannelId && seat !== undefined) this.recordedSeats.push(seat);
  }

  async #leave(): Promise<void> {
    if (this.person.channelId === undefined) return;
    this.#party.deeds.leaves++;
    await this.person.leave();
    this.#party.freeSeats++;
  }

  #words(packets: number): Speech {
    return { packets: this.#speech.packets.slice(0, packets) };
  }

  #pause(longestMs: number): Promise<void> {
    return sleep(100 + this.#random.below(longestMs));
  }
}
