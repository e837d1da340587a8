import { ParseError } from "#base/errors.ts";
import { type Amf0Value, serializeAmf0Values } from "#formats/flv/amf0.ts";
import {
  parseOrigin,
  redirectedOrigin,
} from "#protocols/rtmp/client/origin.ts";
import { takeApartAggregate } from "#protocols/rtmp/wire/aggregate.ts";
import { OWN_CAPABILITIES } from "#protocols/rtmp/wire/capabilities.ts";
import { ChunkReader } from "#protocols/rtmp/wire/chunk_reader.ts";
import { serializeRtmpMessages } from "#protocols/rtmp/wire/chunk_writer.ts";
import { parseRtmpCommand } from "#protocols/rtmp/wire/commands.ts";
import {
  ClientHandshake,
  ServerHandshake,
} from "#protocols/rtmp/wire/handshake.ts";
import {
  parseRtmpControl,
  RTMP_MESSAGE_TYPE,
  type RtmpMessage,
} from "#protocols/rtmp/wire/messages.ts";
import { parseRtmpMetadata } from "#protocols/rtmp/wire/metadata.ts";
import { connectRequest } from "#protocols/rtmp/wire/requests.ts";
import { isKeyInUrl, parseRtmpTarget } from "#protocols/rtmp/wire/rtmp_url.ts";
import { readRtmpStatus } from "#protocols/rtmp/wire/status.ts";
import { assert } from "#test/assert.ts";
import { type FuzzTarget, takes, takesText } from "../fuzz_target.ts";
import { distinct, hexSeeds, textSeeds } from "../literal_seeds.ts";
import { type StreamOutput, takesStream } from "../stream_run.ts";

const WIRE = "protocols/rtmp/wire";

const COMMAND_TYPES = [
  RTMP_MESSAGE_TYPE.commandAmf0,
  RTMP_MESSAGE_TYPE.commandAmf3,
];

/** Random bytes of a handshake that is the same each time. */
const randomBytes = (countBytes: number): Uint8Array =>
  new Uint8Array(countBytes).fill(0x5a);

/** RTMP from its handshake to what is in its messages. */
export const RTMP_TARGETS: readonly FuzzTarget[] = [
  {
    name: "rtmp_server_handshake",
    seeds: clientBytes,
    rejects: [ParseError],
    passes: 2,
    cost: 20,
    run: takesStream((output) => handshake(new ServerHandshake(), output)),
  },
  {
    name: "rtmp_client_handshake",
    seeds: () => serverBytes(),
    rejects: [ParseError],
    passes: 2,
    cost: 10,
    run: takesStream((output) =>
      handshake(new ClientHandshake({ randomBytes }), output)
    ),
  },
  {
    name: "rtmp_chunks",
    seeds: () => [
      ...hexSeeds(
        `${WIRE}/chunk_reader_test.ts`,
        `${WIRE}/chunk_writer_test.ts`,
      ),
      ...writtenChunks(),
    ],
    rejects: [ParseError],
    // One message for each byte at worst: noting them takes longer than reading them.
    passes: 6,
    run: takesStream((output) => {
      const reader = new ChunkReader();
      const sink = {
        handleMessage: ({ typeId, timestampMs, payload }: RtmpMessage) =>
          output.add(`${typeId}@${timestampMs}`, payload),
      };
      return { push: (chunk) => reader.push(chunk, sink) };
    }),
  },
  messageTarget(
    "rtmp_control",
    [1, 2, 3, 4, 5, 6],
    () => hexSeeds(`${WIRE}/messages_test.ts`),
    parseRtmpControl,
  ),
  messageTarget("rtmp_command", COMMAND_TYPES, commandSeeds, (message) => {
    const command = parseRtmpCommand(message);
    if (command !== undefined && "values" in command) readRtmpStatus(command);
    return command;
  }),
  messageTarget(
    "rtmp_metadata",
    [RTMP_MESSAGE_TYPE.dataAmf0, RTMP_MESSAGE_TYPE.dataAmf3],
    dataSeeds,
    parseRtmpMetadata,
  ),
  messageTarget(
    "rtmp_aggregate",
    [RTMP_MESSAGE_TYPE.aggregate],
    () => hexSeeds(`${WIRE}/aggregate_test.ts`),
    (message) => {
      let sizeBytes = 0;
      takeApartAggregate(message, {
        handleMessage: ({ payload }) => void (sizeBytes += payload.length),
      });
      assert(sizeBytes <= message.payload.length, "bytes come from nowhere");
      return sizeBytes > 0 ? sizeBytes : undefined;
    },
  ),
  {
    name: "rtmp_target",
    seeds: () => textSeeds(`${WIRE}/rtmp_url_test.ts`),
    rejects: [ParseError],
    run: takesText((text) => {
      const [tcUrl = "", key = "", app = ""] = text.split("\r\n");
      isKeyInUrl(tcUrl, key, app);
      return parseRtmpTarget(tcUrl, key, app);
    }),
  },
  {
    name: "rtmp_origin",
    seeds: () => textSeeds("protocols/rtmp/client/origin_test.ts"),
    rejects: [ParseError],
    run: takesText((text) => {
      const [url = "", location] = text.split("\r\n");
      return redirectedOrigin(parseOrigin(url), location);
    }),
  },
];

/** A target for the payloads of messages of some types: the first byte says which. */
function messageTarget(
  name: string,
  typeIds: readonly number[],
  payloads: () => readonly Uint8Array[],
  parse: (message: RtmpMessage) => unknown,
): FuzzTarget {
  return {
    name,
    seeds: () =>
      distinct(
        typeIds.flatMap((_, i) =>
          payloads().map((payload) => Uint8Array.of(i, ...payload))
        ),
      ),
    rejects: [ParseError],
    run: takes((input) =>
      parse({
        typeId: typeIds[(input[0] ?? 0) % typeIds.length]!,
        messageStreamId: 1,
        timestampMs: 0,
        payload: input.subarray(1),
      })
    ),
  };
}

function handshake(
  side: ServerHandshake | ClientHandshake,
  output: StreamOutput,
): { push(chunk: Uint8Array): void } {
  let isDone = false;
  let rest = 0;
  return {
    push: (chunk) => {
      const step = side.push(chunk);
      rest += step.rest.length;
      if (step.isDone && !isDone) output.add("done");
      isDone = step.isDone;
      assert(isDone || rest === 0, "bytes of the handshake are handed on");
    },
  };
}

/** What a client sends: with a digest, without one, and with RTMPE. */
function clientBytes(): Uint8Array[] {
  const client = new ClientHandshake({ randomBytes });
  const start = client.start();
  const simple = new Uint8Array(start.length);
  simple[0] = 3;
  const c2 = new Uint8Array(1_536 + 20);
  return [start, start.with(0, 6), simple].map((c0c1) =>
    Uint8Array.of(...c0c1, ...c2)
  );
}

/** What a server answers to that. */
function serverBytes(): Uint8Array[] {
  return clientBytes().filter(([version]) => version === 3).map((bytes) => {
    const { output } = new ServerHandshake({ randomBytes }).push(bytes);
    return Uint8Array.of(...output!, 1, 2, 3);
  });
}

/** Messages of a publisher, in chunks of several sizes. */
function writtenChunks(): Uint8Array[] {
  const messages = [20, 18, 8, 9, 22].map((typeId, i) => ({
    typeId,
    messageStreamId: 1,
    timestampMs: 0xff_fffe + i,
    payload: new Uint8Array(30 * i).fill(i),
  }));
  return [16, 128, 4_096].map((chunkSizeBytes) =>
    serializeRtmpMessages(messages, chunkSizeBytes)
  );
}

function commandSeeds(): Uint8Array[] {
  const connects = ["rtmp://127.0.0.1/live", `'${"'".repeat(60_000)}/'x`].map(
    (tcUrl) =>
      connectRequest({ app: "live", tcUrl, capabilities: OWN_CAPABILITIES }),
  );
  const commands: Amf0Value[][] = [
    ["createStream", 2, null],
    ["publish", 3, null, "key?user=a&pass=b", "live"],
    ["play", 4, null, "key", -2_000],
    ["_error", 1, null, { level: "error", code: "a", description: "b" }],
    ["_result", 1, null, { ex: { code: 302, redirect: "rtmp://h/x" } }],
    ["onStatus", 0, null, { code: "NetStream.Play.Start", tcUrl: "/x" }],
  ];
  return [
    ...connects.map(({ payload }) => payload),
    ...commands.map((values) => serializeAmf0Values(values)),
  ];
}

function dataSeeds(): Uint8Array[] {
  const properties = {
    width: 1_920,
    videocodecid: "avc1",
    audiocodecid: 10,
    videoTrackIdInfoMap: { 1: { videocodecid: 7 }, 300: {}, x: null },
  };
  return [
    serializeAmf0Values(["@setDataFrame", "onMetaData", properties]),
    serializeAmf0Values(["onMetaData", { hasVideo: true, hasAudio: true }]),
  ];
}
