import { test } from "node:test";
import { Call } from "../support/call.ts";
import { sleep } from "../support/wait.ts";
import { nothingIsLostWhile } from "./nothing-is-lost.ts";

const SPEAKERS = 25;
const SECONDS = 60;

for (const dave of [true, false]) {
  test(
    `${SPEAKERS} people who all talk for ${SECONDS} s, DAVE ${dave ? "on" : "off"}: no frame dropped, none lost between socket and file`,
    {
      timeout: 180_000,
    },
    async (t) => {
      await using call = await Call.start({ dave });
      await nothingIsLostWhile(t, call, SPEAKERS, () => sleep((SECONDS - 1) * 1_000));
    },
  );
}
