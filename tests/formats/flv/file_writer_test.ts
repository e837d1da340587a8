import { parseAmf0Values } from "#formats/flv/amf0.ts";
import {
  serializeFlvStart,
  serializeFlvTags,
} from "#formats/flv/file_writer.ts";
import { assertEquals } from "#test/assert.ts";

const HEADER_BYTES = 13;
const TAG_HEADER_BYTES = 11;
const BACK_POINTER_BYTES = 4;

Deno.test("serializeFlvTags() writes each tag and its size behind it", () => {
  const bytes = serializeFlvTags([
    { kind: "audio", timestampMs: 1, body: Uint8Array.of(0xaf, 1, 2) },
    { kind: "video", timestampMs: 0x0123_4567, body: Uint8Array.of(0x17) },
  ]);
  assertEquals(
    bytes.toHex(),
    "08000003" + "00000100" + "000000" + "af0102" + "0000000e" +
      "09000001" + "23456701" + "000000" + "17" + "0000000c",
  );
});

Deno.test("serializeFlvTags() writes the lowest 32 bits of a time", () => {
  const bytes = serializeFlvTags([
    { kind: "video", timestampMs: 2 ** 32 + 5, body: Uint8Array.of(0) },
    { kind: "video", timestampMs: 2 ** 32 - 1, body: Uint8Array.of(0) },
  ]);
  assertEquals(bytes.subarray(4, 8).toHex(), "00000500");
  assertEquals(bytes.subarray(20, 24).toHex(), "ffffffff");
});

Deno.test("serializeFlvTags() writes nothing of no tags", () => {
  assertEquals(serializeFlvTags([]).length, 0);
});

for (
  const { name, tracks, flags, metadata } of [
    {
      name: "both kinds",
      tracks: {
        videoCodecId: 7,
        audioCodecId: 10,
        size: { width: 640, height: 360 },
      },
      flags: 0b101,
      metadata: {
        duration: 0,
        hasVideo: true,
        hasAudio: true,
        videocodecid: 7,
        audiocodecid: 10,
        width: 640,
        height: 360,
      },
    },
    {
      name: "audio alone",
      tracks: { videoCodecId: undefined, audioCodecId: 10, size: undefined },
      flags: 0b100,
      metadata: {
        duration: 0,
        hasVideo: false,
        hasAudio: true,
        audiocodecid: 10,
      },
    },
  ]
) {
  Deno.test(`serializeFlvStart() tells of ${name}`, () => {
    const bytes = serializeFlvStart(tracks);
    assertEquals(
      bytes.subarray(0, HEADER_BYTES).toHex(),
      `464c5601${flags.toString(16).padStart(2, "0")}0000000900000000`,
    );
    const body = bytes.subarray(
      HEADER_BYTES + TAG_HEADER_BYTES,
      bytes.length - BACK_POINTER_BYTES,
    );
    const [event, values] = parseAmf0Values(body);
    assertEquals(event, "onMetaData");
    assertEquals({ ...values as object }, metadata);
  });
}
