import { DiffieHellman1024 } from "#base/crypto.ts";
import { ParseError } from "#base/errors.ts";
import {
  RtmpDialogue,
  type RtmpDialogueSink,
} from "#protocols/rtmp/dialogue.ts";
import {
  ANNOUNCED_WINDOW_ACK_SIZE_BYTES,
  SERVER_CHUNK_SIZE_BYTES,
  WINDOW_ACK_SIZE_BYTES,
} from "#protocols/rtmp/wire/answers.ts";
import { ChunkReader } from "#protocols/rtmp/wire/chunk_reader.ts";
import {
  DEFAULT_CHUNK_SIZE_BYTES,
  serializeRtmpMessages,
} from "#protocols/rtmp/wire/chunk_writer.ts";
import {
  type RtmpCommand,
  serializeRtmpCommand,
} from "#protocols/rtmp/wire/commands.ts";
import {
  ClientHandshake,
  ServerHandshake,
} from "#protocols/rtmp/wire/handshake.ts";
import {
  DIGEST_SCHEMES,
  HANDSHAKE_PACKET_BYTES,
  PLAYER_KEYS,
  publicKeyOf,
  signFirstPacket,
} from "#protocols/rtmp/wire/handshake_digest.ts";
import {
  parseRtmpControl,
  PEER_BANDWIDTH_LIMIT,
  RTMP_MESSAGE_TYPE,
  type RtmpControl,
  type RtmpMessage,
  serializeRtmpControl,
} from "#protocols/rtmp/wire/messages.ts";
import { deriveRtmpeKeys } from "#protocols/rtmp/wire/rtmpe.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";
import { concatBytes, FakeTcpConnection } from "#test/fake_tcp.ts";
import { audioFrame, picture } from "./messages.ts";

/** The server's side of a dialogue and what its peer hears. */
class Talk implements RtmpDialogueSink {
  readonly tcp = new FakeTcpConnection(new FakeClock());
  readonly dialogue: RtmpDialogue;
  readonly commands: RtmpCommand[] = [];
  readonly media: RtmpMessage[] = [];
  readonly data: RtmpMessage[] = [];
  endedStreams = 0;
  #heard = new ChunkReader();

  constructor() {
    this.dialogue = new RtmpDialogue(this.tcp, this, {
      handshake: new ServerHandshake(),
      chunkSizeBytes: SERVER_CHUNK_SIZE_BYTES,
    });
  }

  handleCommand(command: RtmpCommand): void {
    this.commands.push(command);
  }

  handleMedia(message: RtmpMessage): void {
    this.media.push(message);
  }

  handleData(message: RtmpMessage): void {
    this.data.push(message);
  }

  handleStreamEof(): void {
    this.endedStreams++;
  }

  shakeHands(): this {
    const client = new ClientHandshake();
    this.dialogue.take(client.start());
    this.dialogue.take(client.push(this.tcp.takeSent()).output!);
    assert(this.dialogue.isOpen);
    return this;
  }

  say(...messages: readonly RtmpMessage[]): void {
    this.dialogue.take(
      serializeRtmpMessages(messages, DEFAULT_CHUNK_SIZE_BYTES),
    );
  }

  control(control: Parameters<typeof serializeRtmpControl>[0]): void {
    this.say(serializeRtmpControl(control));
  }

  hear(): (RtmpControl | undefined)[] {
    const controls: (RtmpControl | undefined)[] = [];
    this.#heard.push(this.tcp.takeSent(), {
      handleMessage: (one) => void controls.push(parseRtmpControl(one)),
    });
    return controls;
  }
}

Deno.test("RtmpDialogue acknowledges by the default window until the peer names one", () => {
  const talk = new Talk().shakeHands();
  const filler: RtmpMessage = {
    typeId: 99,
    messageStreamId: 0,
    timestampMs: 0,
    payload: new Uint8Array(100_000),
  };
  let saidBytes = 0;
  while (talk.tcp.sends === 1) {
    talk.say(filler);
    saidBytes += 100_000 + 12 + 781;
  }
  assert(saidBytes >= WINDOW_ACK_SIZE_BYTES);
  assert(saidBytes < WINDOW_ACK_SIZE_BYTES + 200_000);
  assertEquals(talk.hear(), [
    { kind: "acknowledgement", receivedBytes: saidBytes },
  ]);
});

/** Windows that peers name, and how many bytes more they send until they are acknowledged. */
const WINDOWS = [
  { name: "a window of its own", windowBytes: 100, acknowledged: true },
  { name: "no window [some encoders]", windowBytes: 0, acknowledged: false },
] as const;

for (const { name, windowBytes, acknowledged } of WINDOWS) {
  Deno.test(`RtmpDialogue takes a peer that names ${name}`, () => {
    const talk = new Talk().shakeHands();
    talk.control({ kind: "windowAckSize", windowBytes });
    assertEquals(talk.hear(), []);
    talk.say(serializeRtmpCommand(0, "x".repeat(120), 0));
    assertEquals(
      talk.hear().map((one) => one?.kind),
      acknowledged ? ["acknowledgement"] : [],
    );
  });
}

/** SetPeerBandwidth messages, one after the other, and the windows announced for them. */
const BANDWIDTHS: readonly {
  readonly name: string;
  readonly asked: readonly (readonly [
    limit: keyof typeof PEER_BANDWIDTH_LIMIT | 9,
    windowBytes: number,
  ])[];
  readonly announced: readonly number[];
}[] = [{
  name: "a hard limit, once",
  asked: [["hard", 5_000_000], ["hard", 5_000_000]],
  announced: [5_000_000],
}, {
  name: "the window that is in use",
  asked: [
    ["hard", ANNOUNCED_WINDOW_ACK_SIZE_BYTES],
    ["soft", ANNOUNCED_WINDOW_ACK_SIZE_BYTES],
  ],
  announced: [],
}, {
  name: "soft limits, which only lower the window",
  asked: [["soft", 500_000_000], ["soft", 1_000], ["soft", 2_000]],
  announced: [1_000],
}, {
  name: "dynamic limits, which count behind a hard one",
  asked: [
    ["dynamic", 7],
    ["hard", 1_000],
    ["dynamic", 2_000],
    ["soft", 1_500],
    ["dynamic", 3_000],
  ],
  announced: [1_000, 2_000, 1_500],
}, {
  name: "a limit type that nobody knows",
  asked: [[9, 1_000]],
  announced: [],
}];

for (const { name, asked, announced } of BANDWIDTHS) {
  Deno.test(`RtmpDialogue answers SetPeerBandwidth: ${name}`, () => {
    const talk = new Talk().shakeHands();
    for (const [limit, windowBytes] of asked) {
      const limitType = limit === 9 ? 9 : PEER_BANDWIDTH_LIMIT[limit];
      talk.control({ kind: "setPeerBandwidth", windowBytes, limitType });
    }
    assertEquals(
      talk.hear(),
      announced.map((windowBytes) => ({ kind: "windowAckSize", windowBytes })),
    );
  });
}

Deno.test("RtmpDialogue answers pings, and hears acknowledgements and the end of a stream", () => {
  const talk = new Talk().shakeHands();
  talk.control({ kind: "pingRequest", timestampMs: 0xfffffff0 });
  assertEquals(talk.hear(), [
    { kind: "pingResponse", timestampMs: 0xfffffff0 },
  ]);
  assertEquals(talk.dialogue.acknowledgedBytes, undefined);
  talk.control({ kind: "acknowledgement", receivedBytes: 5_000 });
  assertEquals(talk.dialogue.acknowledgedBytes, 5_000);
  talk.control({ kind: "streamEof", messageStreamId: 1 });
  assertEquals(talk.endedStreams, 1);
  talk.control({ kind: "pingResponse", timestampMs: 1 });
  talk.control({ kind: "streamDry", messageStreamId: 1 });
  talk.control({
    kind: "setBufferLength",
    messageStreamId: 1,
    bufferLengthMs: 3_000,
  });
  assertEquals(talk.hear(), []);
});

Deno.test("RtmpDialogue takes an aggregate apart", () => {
  const talk = new Talk().shakeHands();
  const tag = (typeId: number, timestampMs: number, body: Uint8Array) =>
    Uint8Array.of(
      ...[typeId, 0, 0, body.length, 0, 0, timestampMs, 0, 0, 0, 0],
      ...body,
      ...[0, 0, 0, 0],
    );
  talk.say({
    typeId: RTMP_MESSAGE_TYPE.aggregate,
    messageStreamId: 1,
    timestampMs: 1_000,
    payload: concatBytes([
      tag(RTMP_MESSAGE_TYPE.video, 40, picture(0).payload),
      tag(RTMP_MESSAGE_TYPE.audio, 63, audioFrame(0).payload),
      tag(RTMP_MESSAGE_TYPE.dataAmf0, 63, Uint8Array.of(5)),
    ]),
  });
  assertEquals(talk.media, [picture(1_000), audioFrame(1_023)]);
  assertEquals(talk.data.map(({ timestampMs }) => timestampMs), [1_023]);
});

Deno.test("RtmpDialogue ends with an aggregate that is cut", () => {
  const talk = new Talk().shakeHands();
  assertThrows(
    () =>
      talk.say({
        typeId: RTMP_MESSAGE_TYPE.aggregate,
        messageStreamId: 1,
        timestampMs: 0,
        payload: Uint8Array.of(8, 0, 0),
      }),
    ParseError,
  );
});

Deno.test("RtmpDialogue ignores message types that mean nothing here", () => {
  const talk = new Talk().shakeHands();
  for (const typeId of [0, 7, 16, 19, 21, 23, 255]) {
    talk.say({
      typeId,
      messageStreamId: 0,
      timestampMs: 0,
      payload: Uint8Array.of(1, 2, 3),
    });
  }
  assertEquals([talk.hear(), talk.media, talk.commands], [[], [], []]);
});

Deno.test("RtmpDialogue speaks RTMPE, in any chunking", async () => {
  const chunks = serializeRtmpMessages(
    [
      serializeRtmpCommand(0, "createStream", 4, null),
      serializeRtmpControl({ kind: "pingRequest", timestampMs: 7 }),
    ],
    DEFAULT_CHUNK_SIZE_BYTES,
  );
  const own = new DiffieHellman1024();
  const scheme = DIGEST_SCHEMES[1];
  const c1 = new Uint8Array(HANDSHAKE_PACKET_BYTES);
  c1.set([9, 0, 124, 2], 4);
  publicKeyOf(c1, scheme).set(own.publicKey);
  signFirstPacket(c1, scheme, PLAYER_KEYS);
  const buffer = new Uint8Array(4_096);
  for (const sizeBytes of [1, 7, 1_000, 4_096]) {
    const talk = new Talk();
    talk.dialogue.take(Uint8Array.of(6, ...c1));
    const answer = talk.tcp.takeSent();
    const s1 = answer.subarray(1, 1 + HANDSHAKE_PACKET_BYTES);
    const keys = deriveRtmpeKeys(own, publicKeyOf(s1, scheme))!;
    const encrypted = new Uint8Array(chunks.length);
    keys.outgoing.apply(chunks, encrypted);
    const c2 = new Uint8Array(HANDSHAKE_PACKET_BYTES);
    const bytes = concatBytes([c2, encrypted]);
    for (let at = 0; at < bytes.length; at += sizeBytes) {
      talk.tcp.receive(bytes.subarray(at, at + sizeBytes));
      const count = await talk.dialogue.stream.read(buffer);
      talk.dialogue.take(buffer.subarray(0, count));
    }
    assertEquals(talk.commands.map(({ name }) => name), ["createStream"]);
    const heard = talk.tcp.takeSent();
    keys.incoming.apply(heard, heard);
    const pong = serializeRtmpControl({ kind: "pingResponse", timestampMs: 7 });
    assertEquals(
      heard,
      serializeRtmpMessages([pong], SERVER_CHUNK_SIZE_BYTES),
    );
  }
});
