import assert from "node:assert/strict";
import { test } from "node:test";
import { Call } from "../support/call.ts";
import { Inspector } from "../support/inspector.ts";
import { sleep } from "../support/wait.ts";
import { nothingIsLostWhile } from "./nothing-is-lost.ts";

const SPEAKERS = 10;
const BLOCK_MS = 5_000;

test(
  `${SPEAKERS} people talk while the main thread is blocked for ${BLOCK_MS} ms: no frame is lost`,
  {
    timeout: 180_000,
  },
  async (t) => {
    await using call = await Call.start({ dave: true, nodeOptions: ["--inspect=127.0.0.1:0"] });
    await nothingIsLostWhile(t, call, SPEAKERS, async () => {
      const inspector = await Inspector.attach(call.bot);
      const over = new AbortController();
      const blocking = inspector.blockMain(BLOCK_MS).finally(() => over.abort());
      // Whenever the block begins, the question that meets it is answered only after it.
      let longestMs = 0;
      for (; !over.signal.aborted; await sleep(50)) {
        const askedMs = performance.now();
        await fetch(`${call.bot.baseUrl}/healthz`);
        longestMs = Math.max(longestMs, performance.now() - askedMs);
      }
      await blocking;
      inspector.close();
      assert.ok(
        longestMs > BLOCK_MS * 0.9,
        `the web server, on that thread, answered within ${longestMs} ms`,
      );
      t.diagnostic(`blocked ${Math.round(longestMs)} ms`);
    });
  },
);
