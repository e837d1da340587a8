import { describePath, describeStream, PATH } from "#api/path_answer.ts";
import { localTime } from "#api/local_time.ts";
import { assertEquals } from "#test/assert.ts";
import { fakePath } from "./api_scene.ts";

const NOW_MS = 1_750_000_010_000;
const AVAILABLE_AT_MS = NOW_MS - 5_000;

const CONTEXT = {
  nowMs: NOW_MS,
  rateOf: () => ({
    bitrateBps: 1_000.6,
    bitrateBps10s: 900.2,
    framesPerSecond: 25,
  }),
};

const ORDER = [
  "name",
  "confName",
  "ready",
  "readyTime",
  "available",
  "availableTime",
  "online",
  "onlineTime",
  "source",
  "tracks",
  "tracks2",
  "readers",
  "inboundBytes",
  "outboundBytes",
  "inboundFramesInError",
  "bytesReceived",
  "bytesSent",
  "bitrateBps",
  "bitrateBps10s",
  "framesPerSecond",
  "width",
  "height",
  "keyFrameAgeMs",
  "lastPacketTime",
  "lostPackets",
];

Deno.test("describePath() keeps the order of MediaMTX and adds behind it", () => {
  assertEquals(Object.keys(describePath(fakePath("cam"), CONTEXT)), ORDER);
  assertEquals(Object.keys(PATH.shape), ORDER);
});

Deno.test("describePath() describes a path that is read", () => {
  const path = fakePath("cam", {
    availableAtMs: AVAILABLE_AT_MS,
    source: { type: "rtspSession", id: "s" },
    tracks: [{
      id: 1,
      kind: "audio",
      codec: { codec: "opus", channelCount: 2 },
      clockRateHz: 48_000,
    }],
    readers: [
      { type: "rtspSession", id: "b" },
      { type: "rtmpConn", id: "c" },
      { type: "rtspSession", id: "a" },
    ],
    inboundBytes: 10,
    outboundBytes: 20,
    inboundErrors: 3,
    lostPackets: 4,
    keyFrameAtMs: NOW_MS - 250,
    lastUnitAtMs: NOW_MS,
  });
  const answer = describePath(path, CONTEXT);
  const time = localTime(AVAILABLE_AT_MS);
  assertEquals(
    [answer.ready, answer.available, answer.online],
    [true, true, true],
  );
  assertEquals(
    [answer.readyTime, answer.availableTime, answer.onlineTime],
    [time, time, time],
  );
  assertEquals(answer.source, { type: "rtspSession", id: "s" });
  assertEquals(answer.readers.map(({ id }) => id), ["c", "a", "b"]);
  assertEquals(answer.tracks, ["Opus"]);
  assertEquals(answer.tracks2, [{
    codec: "Opus",
    codecProps: { channelCount: 2 },
  }]);
  assertEquals([answer.bytesReceived, answer.bytesSent], [10, 20]);
  assertEquals(answer.inboundFramesInError, 3);
  assertEquals([answer.bitrateBps, answer.bitrateBps10s], [1_001, 900]);
  assertEquals([answer.keyFrameAgeMs, answer.lostPackets], [250, 4]);
  assertEquals(answer.lastPacketTime, localTime(NOW_MS));
  assertEquals([answer.width, answer.height], [null, null]);
});

Deno.test("describePath() calls a source online before it was, at no time [MediaMTX]", () => {
  const source = { type: "rtspSource", id: "some-id" } as const;
  const answer = describePath(fakePath("cam", { source }), CONTEXT);
  assertEquals(answer.source, { type: "rtspSource", id: "" });
  assertEquals([answer.available, answer.availableTime], [false, null]);
  assertEquals(
    [answer.online, answer.onlineTime],
    [true, "0001-01-01T00:00:00Z"],
  );
});

Deno.test("describePath() says nothing of what nobody feeds", () => {
  const answer = describePath(fakePath("cam"), CONTEXT);
  assertEquals([answer.online, answer.onlineTime, answer.source], [
    false,
    null,
    null,
  ]);
  assertEquals([answer.keyFrameAgeMs, answer.lastPacketTime], [null, null]);
});

Deno.test("describeStream() is empty without a path", () => {
  assertEquals(describeStream(undefined, CONTEXT), {
    framesPerSecond: 0,
    width: null,
    height: null,
    keyFrameAgeMs: null,
    lastPacketTime: null,
  });
});
