import { ParseError } from "#base/errors.ts";
import type { Ac3Parameters } from "#codecs/codec.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import {
  framesOf,
  headerOf,
  hex,
  readParameters,
  readParts,
  readTags,
} from "../tags.ts";

const MONO: Ac3Parameters = {
  codec: "ac3",
  sampleRateHz: 48_000,
  channelCount: 1,
};

/** The head of a syncframe of 96 kbit/s, mono, 384 bytes [ffmpeg 9.0.2]. */
const HEAD = "0b77480d0c402f842bc1c77a";
const FRAME = HEAD + "00".repeat(384 - HEAD.length / 2);

Deno.test("ac3Flv writes no sequence header and a tag for each syncframe", () => {
  const parts = [hex(FRAME), hex(FRAME)];
  assertEquals(headerOf(MONO, { isEnhanced: true }), undefined);
  assertEquals(framesOf(MONO, parts, { isEnhanced: true }), [
    `9161632d33${FRAME}`,
    `+1536 9161632d33${FRAME}`,
  ]);
  assertEquals(framesOf(MONO, [parts[0]!], { trackId: 1 }), [
    `950161632d3301${FRAME}`,
  ]);
});

Deno.test("ac3Flv takes the parameters from the first syncframe [ffmpeg 9.0.2]", () => {
  const bodies = ["9061632d33", "9461632d33 010100000004"];
  const body = `9161632d33 ${FRAME}`;
  assertEquals(readTags("audio", ...bodies), [[], []]);
  assertEquals(readParameters("audio", ...bodies, body), MONO);
  assertEquals(readParameters("audio", ...bodies, body, body), undefined);
  assertEquals(readParts("audio", body), [FRAME]);
});

Deno.test("ac3Flv reads several syncframes of one tag, the last one cut", () => {
  assertEquals(readParts("audio", `9161632d33 ${FRAME}${HEAD}`), [FRAME, HEAD]);
});

Deno.test("ac3Flv tells when the channels change", () => {
  const stereo = `9161632d33 0b77480d0c4040${"00".repeat(9)}`;
  assertEquals(readParameters("audio", `9161632d33 ${FRAME}`, stereo), {
    ...MONO,
    channelCount: 2,
  });
});

Deno.test("ac3Flv rejects what is no syncframe", () => {
  for (const payload of ["0b78480d0c402f", `${FRAME}00`, "0b77"]) {
    assertThrows(() => readTags("audio", `9161632d33${payload}`), ParseError);
  }
  assertEquals(readTags("audio", "9161632d33"), [[]]);
});
