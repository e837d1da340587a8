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
  metadata: { hasVideo: true, hasAudio: true },
}, {
  name: "video alone, without @setDataFrame",
  values: ["onMetaData", { videocodecid: 7 }],
  metadata: { hasVideo: true, hasAudio: false },
}, {
  name: "ids that say none",
  values: ["@setDataFrame", "onMetaData", {
    videocodecid: 0,
    audiocodecid: "",
  }],
  metadata: { hasVideo: false, hasAudio: false },
}, {
  name: "ids as text and flags",
  values: ["@setDataFrame", "onMetaData", {
    videocodecid: "avc1",
    hasAudio: true,
  }],
  metadata: { hasVideo: true, hasAudio: true },
}, {
  name: "nothing that helps",
  values: ["@setDataFrame", "onMetaData", { duration: 0, hasVideo: 1 }],
  metadata: { hasVideo: false, hasAudio: false },
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
  const { payload, ...rest } = serializeRtmpMetadata({
    videoCodecId: 7,
    audioCodecId: undefined,
  });
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
