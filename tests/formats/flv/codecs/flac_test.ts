import { ParseError } from "#base/errors.ts";
import type { FlacParameters } from "#codecs/codec.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import {
  framesOf,
  headerOf,
  hex,
  readParameters,
  readParts,
  readTags,
} from "../tags.ts";

/** STREAMINFO of 48 kHz, mono, blocks of 1,024 samples, of unknown length. */
const STREAM_INFO = "04000400000000000000" + "0bb800f000000000" +
  "00".repeat(16);
/** The same as it is sent first, and as it is sent at the end [ffmpeg 9.0.2]. */
const FIRST = "04000400000000000815" + "0bb800f000000000" + "00".repeat(16);
const LAST = "04000400000107000" + "18b" + "0bb800f000017700" +
  "6fa85e77f531259b20ed675c2dd92098";

const PARAMETERS: FlacParameters = {
  codec: "flac",
  streamInfo: hex(STREAM_INFO),
  sampleRateHz: 48_000,
  channelCount: 1,
};

/** Header of a frame of 1,024 samples, and a beginning of its data. */
const FRAME = "fff8aa0800ed4c0000";

Deno.test("flacFlv writes STREAMINFO alone [as ffmpeg and MediaMTX]", () => {
  assertEquals(
    headerOf(PARAMETERS, { isEnhanced: true }),
    `90664c6143${STREAM_INFO}`,
  );
  assertEquals(
    headerOf({ ...PARAMETERS, streamInfo: undefined }, { trackId: 1 }),
    undefined,
  );
});

Deno.test("flacFlv writes a tag for each frame", () => {
  const parts = [hex(FRAME), hex(FRAME)];
  assertEquals(framesOf(PARAMETERS, parts, { isEnhanced: true }), [
    `91664c6143${FRAME}`,
    `+1024 91664c6143${FRAME}`,
  ]);
});

for (
  const [name, header] of [
    ["STREAMINFO alone [ffmpeg 9.0.2]", FIRST],
    ["STREAMINFO at the end [ffmpeg 9.0.2]", LAST],
    [
      "a signature and a block header before it [specification]",
      `664c6143 80000022 ${FIRST}`,
    ],
  ] as const
) {
  Deno.test(`flacFlv reads ${name}`, () => {
    const body = `90664c6143 ${header}`;
    assertEquals(readParameters("audio", body), PARAMETERS);
    assertEquals(readParts("audio", body, `91664c6143 ${FRAME}`), [FRAME]);
  });
}

Deno.test("flacFlv leaves out frames before STREAMINFO, and empty ones", () => {
  assertEquals(
    readTags("audio", `91664c6143 ${FRAME}`, `90664c6143 ${FIRST}`)[0],
    [],
  );
  assertEquals(
    readTags("audio", `90664c6143 ${FIRST}`, "91664c6143")[1],
    [],
  );
});

Deno.test("flacFlv rejects a cut STREAMINFO", () => {
  for (const header of ["", FIRST.slice(0, -2), "664c6143 80000022"]) {
    assertThrows(() => readTags("audio", `90664c6143 ${header}`), ParseError);
  }
});
