import { ParseError } from "#base/errors.ts";
import { type Amf0Value, serializeAmf0Values } from "#formats/flv/amf0.ts";
import {
  RTMP_MESSAGE_TYPE,
  type RtmpMessage,
} from "#protocols/rtmp/wire/messages.ts";
import {
  parseRtmpMetadata,
  type RtmpMetadata,
  serializeRtmpMetadata,
} from "#protocols/rtmp/wire/metadata.ts";
import { assertEquals } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";

const message = (
  payload: Uint8Array,
  typeId: number = RTMP_MESSAGE_TYPE.dataAmf0,
): RtmpMessage => ({ typeId, messageStreamId: 1, timestampMs: 0, payload });

const DATA: {
  name: string;
  values: readonly Amf0Value[];
  metadata: RtmpMetadata | undefined;
}[] = [{
  name: "video and audio",
  values: ["@setDataFrame", "onMetaData", {
    videocodecid: 7,
    audiocodecid: 10,
    encoder: "é",
  }],
  metadata: { videoTrackIds: [0], audioTrackIds: [0] },
}, {
  name: "video alone, without @setDataFrame",
  values: ["onMetaData", { videocodecid: 7 }],
  metadata: { videoTrackIds: [0], audioTrackIds: [] },
}, {
  name: "ids that say none",
  values: ["@setDataFrame", "onMetaData", {
    videocodecid: 0,
    audiocodecid: "",
  }],
  metadata: { videoTrackIds: [], audioTrackIds: [] },
}, {
  name: "ids as text and flags",
  values: ["@setDataFrame", "onMetaData", {
    videocodecid: "avc1",
    hasAudio: true,
  }],
  metadata: { videoTrackIds: [0], audioTrackIds: [0] },
}, {
  name: "nothing that helps",
  values: ["@setDataFrame", "onMetaData", { duration: 0, hasVideo: 1 }],
  metadata: { videoTrackIds: [], audioTrackIds: [] },
}, {
  name: "several tracks of each kind",
  values: ["@setDataFrame", "onMetaData", {
    videocodecid: 0x61763031,
    audiocodecid: 10,
    videoTrackIdInfoMap: { 1: { videocodecid: 7 }, 2: { width: 320 } },
    audioTrackIdInfoMap: { 0: {}, 3: {}, x: {}, 1.5: {}, 256: {} },
  }],
  metadata: { videoTrackIds: [0, 1, 2], audioTrackIds: [0, 3] },
}, {
  name: "other data",
  values: ["onTextData", { text: "x" }],
  metadata: undefined,
}, {
  name: "onMetaData without an object",
  values: ["@setDataFrame", "onMetaData"],
  metadata: undefined,
}, {
  name: "no values",
  values: [],
  metadata: undefined,
}];

for (const { name, values, metadata } of DATA) {
  Deno.test(`parseRtmpMetadata() reads ${name}`, () => {
    const payload = serializeAmf0Values(values);
    assertEquals(parseRtmpMetadata(message(payload)), metadata);
    assertEquals(
      parseRtmpMetadata(
        message(Uint8Array.of(0, ...payload), RTMP_MESSAGE_TYPE.dataAmf3),
      ),
      metadata,
    );
  });
}

Deno.test("parseRtmpMetadata() leaves other messages alone", () => {
  const video = message(new Uint8Array(9), RTMP_MESSAGE_TYPE.video);
  assertEquals(parseRtmpMetadata(video), undefined);
});

Deno.test("serializeRtmpMetadata() names both codecs", () => {
  const { payload, ...rest } = serializeRtmpMetadata({ video: [7], audio: [] });
  assertEquals(rest, { typeId: 18, messageStreamId: 1, timestampMs: 0 });
  assertEquals(
    payload,
    serializeAmf0Values(["@setDataFrame", "onMetaData", {
      videocodecid: 7,
      videodatarate: 0,
      audiocodecid: 0,
      audiodatarate: 0,
    }]),
  );
});

Deno.test("serializeRtmpMetadata() describes further tracks in maps", () => {
  const { payload } = serializeRtmpMetadata({
    video: [7, 0x68766331, 0x61763031],
    audio: [10, 0x4f707573],
  });
  assertEquals(
    payload,
    serializeAmf0Values(["@setDataFrame", "onMetaData", {
      videocodecid: 7,
      videodatarate: 0,
      audiocodecid: 10,
      audiodatarate: 0,
      videoTrackIdInfoMap: {
        1: { videocodecid: 0x68766331 },
        2: { videocodecid: 0x61763031 },
      },
      audioTrackIdInfoMap: { 1: { audiocodecid: 0x4f707573 } },
    }]),
  );
});

Deno.test("parseRtmpMetadata() throws only ParseError on mutated input", () => {
  const seeds = DATA.map(({ values }) => serializeAmf0Values(values));
  for (const payload of mutations(seeds)) {
    try {
      parseRtmpMetadata(message(payload));
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
