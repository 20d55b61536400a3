import assert from "node:assert/strict";
import { test } from "node:test";
import { VoiceConnectionStatus, getVoiceConnection } from "@discordjs/voice";
import type { VoiceConnectionState } from "@discordjs/voice";
import { pino } from "pino";
import { LINK_TIMING } from "../../src/capture/link-timing.ts";
import { VoiceLink } from "../../src/capture/voice-link.ts";

test("a payload refused to a connection that is ready does not make it leave", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const payloads: unknown[] = [];
  const link = new VoiceLink(
    { guildId: "100", channelId: "200", resumed: false, timing: LINK_TIMING },
    {
      onPayload: (payload) => void payloads.push(payload),
      onNetworking: () => undefined,
      onReady: () => undefined,
      onLost: () => assert.fail("it was not lost"),
      onMoved: () => assert.fail("it was not moved"),
      onDeafened: () => assert.fail("it was not deafened"),
      onEnded: () => assert.fail("it did not end"),
    },
    pino({ level: "silent" }),
  );
  const connection = getVoiceConnection("100", "recorder");
  assert.ok(connection);
  const ready = { ...connection.state, status: VoiceConnectionStatus.Ready } as VoiceConnectionState;
  connection.emit("stateChange", connection.state, ready);
  assert.ok(link.ready);
  payloads.length = 0;
  link.refused();
  t.mock.timers.tick(30_000);
  assert.deepEqual(payloads, []);
  link.leave();
});
