import { ParseError } from "#base/errors.ts";
import type { Vp9Parameters } from "#codecs/codec.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import {
  framesOf,
  headerOf,
  hex,
  readLast,
  readParameters,
  readParts,
  readTags,
} from "../tags.ts";

const PARAMETERS: Vp9Parameters = { codec: "vp9", profileId: 0, bitDepth: 8 };

/** As ffmpeg 9.0.2 sends them: a configuration, the head of a key frame of 320x180, that of an inter frame. */
const HEADER = "9076703039 01000000 000b820202020000";
const KEY_FRAME = "824983420013f00b360638241c184a";
const INTER_FRAME = "86004092f12140";

Deno.test("vp9Flv writes a configuration with version and flags [as ffmpeg and MediaMTX]", () => {
  assertEquals(
    headerOf(PARAMETERS, { isEnhanced: true }),
    "9076703039" + "01000000" + "0028820202020000",
  );
  const unknown = { codec: "vp9", profileId: undefined, bitDepth: undefined };
  assertEquals(
    headerOf(unknown as Vp9Parameters, { isEnhanced: true }),
    headerOf(PARAMETERS, { isEnhanced: true }),
  );
  assertEquals(
    headerOf({ codec: "vp9", profileId: 3, bitDepth: 10 }, { trackId: 1 }),
    "96007670303901" + "01000000" + "0328a60202020000",
  );
});

Deno.test("vp9Flv writes frames as they are", () => {
  const parts = [hex(KEY_FRAME)];
  assertEquals(framesOf(PARAMETERS, parts, { isEnhanced: true }), [
    `9176703039${KEY_FRAME}`,
  ]);
});

for (
  const [name, header] of [
    ["with version and flags [ffmpeg 9.0.2]", HEADER],
    ["the record alone [specification]", "9076703039 000b820202020000"],
  ] as const
) {
  Deno.test(`vp9Flv reads a configuration: ${name}`, () => {
    assertEquals(readParameters("video", header), PARAMETERS);
  });
}

Deno.test("vp9Flv reads frames", () => {
  const bodies = [HEADER, `9176703039 ${KEY_FRAME}`];
  const key = readLast("video", ...bodies);
  assertEquals(key.kind === "frame" && key.payload.isRandomAccess, true);
  assertEquals(readParts("video", ...bodies), [KEY_FRAME]);
  assertEquals(readParameters("video", ...bodies), undefined);
  const inter = readLast("video", ...bodies, `a176703039 ${INTER_FRAME}`);
  assertEquals(inter.kind === "frame" && inter.payload.isRandomAccess, false);
  assertEquals(readTags("video", HEADER, "9176703039")[1], []);
});

Deno.test("vp9Flv takes profile and depth from key frames", () => {
  const inter = `a176703039 ${INTER_FRAME}`;
  const key = `9176703039 ${KEY_FRAME}`;
  assertEquals(readTags("video", inter, "9076703039"), [[], []]);
  assertEquals(readParameters("video", inter, key), PARAMETERS);
  const other = "9076703039 01000000 0228a20202020000";
  assertEquals(readParameters("video", other, key), PARAMETERS);
});

Deno.test("vp9Flv rejects a cut configuration and a key frame of nonsense", () => {
  for (const body of ["9076703039 000b82", "9176703039 82498341"]) {
    assertThrows(() => readTags("video", body), ParseError);
  }
});
