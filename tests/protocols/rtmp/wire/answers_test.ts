import { amf0Property, parseAmf0Values } from "#formats/flv/amf0.ts";
import {
  connectAnswer,
  createStreamAnswer,
  playAccepted,
  playUnauthorized,
  publishAccepted,
  publishUnauthorized,
  reconnectRequest,
  SERVER_CHUNK_SIZE_BYTES,
} from "#protocols/rtmp/wire/answers.ts";
import {
  OWN_CAPABILITIES,
  PLAIN_CAPABILITIES,
} from "#protocols/rtmp/wire/capabilities.ts";
import { ChunkReader } from "#protocols/rtmp/wire/chunk_reader.ts";
import { serializeRtmpMessages } from "#protocols/rtmp/wire/chunk_writer.ts";
import {
  parseRtmpControl,
  type RtmpMessage,
} from "#protocols/rtmp/wire/messages.ts";
import { assertEquals } from "#test/assert.ts";

/** What a message says: a control message, or the values of a command behind its stream id. */
const said = (message: RtmpMessage): unknown =>
  parseRtmpControl(message) ??
    [message.messageStreamId, ...parseAmf0Values(message.payload)];

const status = (level: string, code: string, description: string) => [
  1,
  "onStatus",
  0,
  null,
  { level, code, description },
];

const CONNECTED = [
  1,
  { fmsVer: "LNX 9,0,124,2", capabilities: 31 },
  {
    level: "status",
    code: "NetConnection.Connect.Success",
    description: "Connection succeeded.",
    objectEncoding: 0,
  },
];

/** What a client asked for. */
const CONNECT = {
  transactionId: 1,
  objectEncoding: 0,
  capabilities: PLAIN_CAPABILITIES,
} as const;

Deno.test("connectAnswer() sets windows and chunk size before the result", () => {
  assertEquals(connectAnswer(CONNECT).map(said), [
    { kind: "windowAckSize", windowBytes: 67_108_864 },
    { kind: "setPeerBandwidth", windowBytes: 2_500_000, limitType: 2 },
    { kind: "setChunkSize", chunkSizeBytes: 65_536 },
    [0, "_result", ...CONNECTED],
  ]);
});

Deno.test("connectAnswer() tells those who ask what of enhanced RTMP the server can do", () => {
  const [name, transactionId, properties] = parseAmf0Values(
    connectAnswer({
      ...CONNECT,
      capabilities: { ...PLAIN_CAPABILITIES, isEnhanced: true },
    }).at(-1)!.payload,
  );
  assertEquals([name, transactionId, properties], ["_result", 1, {
    fmsVer: "LNX 9,0,124,2",
    capabilities: 31,
    ...OWN_CAPABILITIES,
  }]);
});

Deno.test("connectAnswer() lets a client speak AMF3 [Flash Player]", () => {
  const answer = connectAnswer({ ...CONNECT, objectEncoding: 3 }).at(-1)!;
  const [, , , status] = parseAmf0Values(answer.payload);
  assertEquals(amf0Property(status, "objectEncoding"), 3);
});

Deno.test("reconnectRequest() is a status of the connection", () => {
  assertEquals(said(reconnectRequest("come back")), [
    0,
    "onStatus",
    0,
    null,
    {
      level: "status",
      code: "NetConnection.Connect.ReconnectRequest",
      description: "come back",
    },
  ]);
});

Deno.test("connectAnswer() is readable when all of it is cut by the new chunk size", () => {
  const read: RtmpMessage[] = [];
  const sink = {
    handleMessage: (message: RtmpMessage) => void read.push(message),
  };
  const bytes = serializeRtmpMessages(
    connectAnswer(CONNECT),
    SERVER_CHUNK_SIZE_BYTES,
  );
  new ChunkReader().push(bytes, sink);
  assertEquals(said(read.at(-1)!), [0, "_result", ...CONNECTED]);
});

Deno.test("createStreamAnswer() gives stream 1", () => {
  assertEquals(said(createStreamAnswer(4)), [0, "_result", 4, null, 1]);
});

Deno.test("playAccepted() begins the stream and tells four times", () => {
  assertEquals(playAccepted().map(said), [
    { kind: "streamIsRecorded", messageStreamId: 1 },
    { kind: "streamBegin", messageStreamId: 1 },
    status("status", "NetStream.Play.Reset", "play reset"),
    status("status", "NetStream.Play.Start", "play start"),
    status("status", "NetStream.Data.Start", "data start"),
    status("status", "NetStream.Play.PublishNotify", "publish notify"),
  ]);
});

Deno.test("the answers to publish and to wrong credentials are statuses", () => {
  assertEquals(
    said(publishAccepted()),
    status("status", "NetStream.Publish.Start", "publish start"),
  );
  assertEquals(
    said(playUnauthorized("unauthorized")),
    status("error", "NetStream.Play.Failed", "authentication failed"),
  );
  assertEquals(
    said(publishUnauthorized("expired")),
    status(
      "error",
      "NetStream.Publish.Unauthorized",
      "authentication failed: 419 expired",
    ),
  );
});
