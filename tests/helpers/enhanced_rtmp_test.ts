import { assertEquals } from "./assert.ts";
import {
  type BodyForm,
  enhancedBody,
  type EnhancedTag,
  readEnhancedTags,
  readFlv,
  readIvf,
  writeFlv,
  writeIvf,
} from "./enhanced_rtmp.ts";

function tag(
  kind: "video" | "audio",
  fourCc: string,
  packetType: number,
  payload: string,
  trackId = 0,
): EnhancedTag {
  return {
    kind,
    timestampMs: 7,
    frameType: kind === "video" ? 1 : 0,
    packetType,
    fourCc,
    trackId,
    payload: Uint8Array.fromHex(payload),
  };
}

/** Bodies as the specification lays them out. */
const BODIES: readonly {
  readonly name: string;
  readonly tags: readonly EnhancedTag[];
  readonly form?: BodyForm;
  readonly body: string;
}[] = [
  {
    name: "one video track",
    tags: [tag("video", "hvc1", 1, "000050aa")],
    body: "91" + "68766331" + "000050aa",
  },
  {
    name: "one audio track",
    tags: [tag("audio", "Opus", 0, "bb")],
    body: "90" + "4f707573" + "bb",
  },
  {
    name: "OneTrack",
    tags: [tag("video", "avc1", 3, "aabb", 2)],
    form: { multitrackType: 0 },
    body: "96" + "03" + "61766331" + "02" + "aabb",
  },
  {
    name: "ManyTracks",
    tags: [tag("audio", "mp4a", 1, "aabb"), tag("audio", "mp4a", 1, "cc", 1)],
    form: { multitrackType: 1 },
    body: "95" + "11" + "6d703461" + "00" + "000002" + "aabb" + "01" +
      "000001" + "cc",
  },
  {
    name: "ManyTracksManyCodecs",
    tags: [tag("audio", "mp4a", 1, "aabb"), tag("audio", "Opus", 1, "cc", 1)],
    form: { multitrackType: 2 },
    body: "95" + "21" + "6d703461" + "00" + "000002" + "aabb" + "4f707573" +
      "01" + "000001" + "cc",
  },
  {
    name: "TimestampOffsetNano before one track",
    tags: [tag("video", "av01", 1, "1200")],
    form: { nanoseconds: 999_999 },
    body: "97" + "02" + "0f423f" + "01" + "61763031" + "1200",
  },
  {
    name: "TimestampOffsetNano before OneTrack",
    tags: [tag("audio", "Opus", 1, "fc", 1)],
    form: { nanoseconds: 1, multitrackType: 0 },
    body: "97" + "02" + "000001" + "05" + "01" + "4f707573" + "01" + "fc",
  },
];

for (const { name, tags, form, body } of BODIES) {
  Deno.test(`enhancedBody() writes ${name}, readEnhancedTags() reads it`, () => {
    const bytes = enhancedBody(tags, form);
    assertEquals(bytes.toHex(), body);
    const typeId = tags[0]!.kind === "video" ? 9 : 8;
    const message = { typeId, timestampMs: 7, payload: bytes };
    assertEquals(readEnhancedTags(message), [...tags]);
  });
}

Deno.test("readEnhancedTags() gives AVC and AAC their FourCC", () => {
  const read = (typeId: number, body: string) =>
    readEnhancedTags({
      typeId,
      timestampMs: 7,
      payload: Uint8Array.fromHex(body),
    });
  assertEquals(read(9, "1700000000aa"), [tag("video", "avc1", 0, "aa")]);
  assertEquals(read(9, "1701000028bb"), [tag("video", "avc1", 1, "000028bb")]);
  assertEquals(read(8, "af01cc"), [tag("audio", "mp4a", 1, "cc")]);
});

Deno.test("readFlv() reads what writeFlv() writes", () => {
  const messages = [
    { typeId: 9, timestampMs: 0, payload: Uint8Array.of(1, 2, 3) },
    { typeId: 8, timestampMs: 0x1234567, payload: new Uint8Array(300) },
  ];
  const file = writeFlv(messages);
  assertEquals(
    file.subarray(0, 31).toHex(),
    "464c5601050000000900000000" + "09000003" + "00000000" + "000000" +
      "010203" + "0000000e",
  );
  assertEquals(readFlv(file), messages);
});

Deno.test("readIvf() reads what writeIvf() writes", () => {
  const tags = [tag("video", "vp08", 1, "aabb"), tag("video", "vp08", 1, "cc")];
  assertEquals(
    readIvf(writeIvf(tags)).map((frame) => frame.toHex()),
    ["aabb", "cc"],
  );
});
