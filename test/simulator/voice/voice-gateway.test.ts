import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { WebSocket } from "ws";
import { eventually } from "../../support/wait.ts";
import { VoiceService } from "./voice-service.ts";

const limit = { timeout: 60_000 };
const SESSION = { guildId: "1", channelId: "2", userId: "3", sessionId: "session" };

type Message = { readonly op: number; readonly seq?: number; readonly d: Record<string, unknown> | null };

/** A bare client of the voice gateway: what it got, and the code it was closed with. */
class Client {
  readonly received: Message[] = [];
  readonly socket: WebSocket;
  closeCode: number | undefined;

  constructor(service: VoiceService, endpoint: string) {
    this.socket = new WebSocket(`wss://${endpoint}/?v=8`, { ca: service.caPem });
    this.socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (!isBinary) this.received.push(JSON.parse(data.toString()) as Message);
    });
    this.socket.on("close", (code) => (this.closeCode = code));
  }

  static async open(service: VoiceService, endpoint: string): Promise<Client> {
    const client = new Client(service, endpoint);
    await once(client.socket, "open");
    return client;
  }

  send(op: number, d: object): void {
    this.socket.send(JSON.stringify({ op, d }));
  }

  identify(token: string, changes: object = {}): void {
    this.send(0, {
      server_id: SESSION.guildId,
      user_id: SESSION.userId,
      session_id: SESSION.sessionId,
      token,
      max_dave_protocol_version: 1,
      ...changes,
    });
  }

  message(op: number): Promise<Message> {
    return eventually(`op ${op}`, () => this.received.find((message) => message.op === op), 5000);
  }

  closed(): Promise<number> {
    return eventually("a close code", () => this.closeCode, 5000);
  }
}

const refusals = [
  { what: "an unknown token", dave: false, token: "other", changes: {}, code: 4004 },
  { what: "another server", dave: false, changes: { server_id: "9" }, code: 4004 },
  { what: "another user", dave: false, changes: { user_id: "9" }, code: 4004 },
  { what: "another session", dave: false, changes: { session_id: "9" }, code: 4006 },
  { what: "no DAVE where it is needed", dave: true, changes: { max_dave_protocol_version: 0 }, code: 4017 },
] as const;

for (const refusal of refusals) {
  test(`an identify with ${refusal.what} is closed with ${refusal.code}`, limit, async () => {
    await using service = await VoiceService.start({ dave: refusal.dave });
    const { token, endpoint } = service.admit(SESSION);
    const client = await Client.open(service, endpoint);
    client.identify("token" in refusal ? refusal.token : token, refusal.changes);
    assert.equal(await client.closed(), refusal.code);
  });
}

test("a client that does not know its authority does not get in", limit, async () => {
  await using service = await VoiceService.start({ dave: false });
  const stranger = new WebSocket(`wss://${service.admit(SESSION).endpoint}/?v=8`, { ca: [] });
  const [error] = (await once(stranger, "error")) as [Error];
  assert.match(error.message, /certificate/);
});

test("an identified client is told where to send, and its heartbeats are answered", limit, async () => {
  await using service = await VoiceService.start({ dave: false });
  const { token, endpoint } = service.admit(SESSION);
  const client = await Client.open(service, endpoint);
  assert.equal((await client.message(8)).d?.["v"], 8);
  client.send(3, { t: 17, seq_ack: -1 });
  assert.deepEqual((await client.message(6)).d, { t: 17 });
  client.identify(token);
  const { d } = await client.message(2);
  assert.equal(d?.["ip"], "127.0.0.1");
  assert.deepEqual(d?.["modes"], ["aead_aes256_gcm_rtpsize"]);
});

test("a client that selects a cipher it was not offered is closed with 4012", limit, async () => {
  await using service = await VoiceService.start({ dave: false });
  const { token, endpoint } = service.admit(SESSION);
  const client = await Client.open(service, endpoint);
  client.identify(token);
  await client.message(2);
  client.send(1, { protocol: "udp", data: { address: "127.0.0.1", port: 1, mode: "xsalsa20_poly1305" } });
  assert.equal(await client.closed(), 4012);
  assert.equal(service.problems.length, 1);
});

for (const refused of [false, true]) {
  const promise = refused
    ? "a resume that is refused is closed with 4006"
    : "a resumed client gets exactly what it has missed";
  test(promise, limit, async () => {
    await using service = await VoiceService.start({ dave: false });
    const { token, endpoint } = service.admit(SESSION);
    const first = await Client.open(service, endpoint);
    first.identify(token);
    await first.message(2);
    first.send(1, {
      protocol: "udp",
      data: { address: "127.0.0.1", port: 1, mode: "aead_aes256_gcm_rtpsize" },
    });
    assert.equal((await first.message(4)).seq, 1);
    await service.seat({ ...SESSION, userId: "10" });
    assert.equal((await first.message(11)).seq, 2);
    service.closeClient(SESSION.userId, 1006);
    await first.closed();
    await service.seat({ ...SESSION, userId: "11" });

    service.faults.refuseResume = refused;
    const second = await Client.open(service, endpoint);
    second.send(7, {
      server_id: SESSION.guildId,
      session_id: SESSION.sessionId,
      token,
      seq_ack: 2,
    });
    if (refused) {
      assert.equal(await second.closed(), 4006);
      return;
    }
    await second.message(9);
    const missed = await second.message(11);
    assert.deepEqual([missed.seq, missed.d], [3, { user_ids: ["11"] }]);
    assert.equal(second.received.filter(({ seq }) => seq !== undefined).length, 1);
  });
}

test(
  "a client that is dismissed is closed with 4014 and cannot come back with its token",
  limit,
  async () => {
    await using service = await VoiceService.start({ dave: false });
    const { token, endpoint } = service.admit(SESSION);
    const client = await Client.open(service, endpoint);
    client.identify(token);
    await client.message(2);
    service.dismiss(SESSION.guildId, SESSION.userId);
    assert.equal(await client.closed(), 4014);
    const again = await Client.open(service, endpoint);
    again.identify(token);
    assert.equal(await again.closed(), 4004);
  },
);
