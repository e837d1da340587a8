import type { Av1Parameters } from "#codecs/codec.ts";
import { assertEquals } from "#test/assert.ts";
import {
  framesOf,
  headerOf,
  hex,
  readLast,
  readParameters,
  readParts,
  readTags,
} from "../tags.ts";

/** Sequence header OBU of 320x180, 4:2:0, 8 bits, without size field [libaom, ffmpeg 9.0.2]. */
const SEQUENCE_HEADER = hex("08000000043cfeccdaf90040");
const PARAMETERS: Av1Parameters = {
  codec: "av1",
  sequenceHeader: SEQUENCE_HEADER,
};

const HEADER = "9061763031 81000c00 0a0b000000043cfeccdaf90040";

/** A key frame and an inter frame, with temporal delimiter and sizes, and their OBUs without. */
const KEY_FRAME = "1200 0a0b000000043cfeccdaf90040 3204 10c0ffee";
const KEY_OBU = "3010c0ffee";
const INTER_FRAME = "1200 1a01d8";
const INTER_OBU = "18d8";

Deno.test("av1Flv writes the sequence header before the first frame", () => {
  assertEquals(
    headerOf(PARAMETERS, { isEnhanced: true }),
    HEADER.replaceAll(" ", ""),
  );
  assertEquals(
    headerOf({ codec: "av1", sequenceHeader: undefined }, { isEnhanced: true }),
    undefined,
  );
});

Deno.test("av1Flv writes temporal units: a delimiter, sizes, no padding", () => {
  const padding = hex("7800");
  const parts = [SEQUENCE_HEADER, hex(KEY_OBU), padding, new Uint8Array(0)];
  const options = { isEnhanced: true };
  assertEquals(framesOf(PARAMETERS, parts, options), [
    `9161763031${KEY_FRAME.replaceAll(" ", "")}`,
  ]);
  assertEquals(
    framesOf(PARAMETERS, [hex(INTER_OBU)], {
      trackId: 3,
      isRandomAccess: false,
    }),
    ["a6016176303103" + INTER_FRAME.replace(" ", "")],
  );
  assertEquals(framesOf(PARAMETERS, [padding], options), []);
});

Deno.test("av1Flv reads a sequence header and frames [ffmpeg 9.0.2]", () => {
  const bodies = [HEADER, `9161763031 ${KEY_FRAME}`];
  assertEquals(readParameters("video", HEADER), PARAMETERS);
  assertEquals(readParts("video", ...bodies), [
    SEQUENCE_HEADER.toHex(),
    KEY_OBU,
  ]);
  const key = readLast("video", ...bodies);
  assertEquals(key.kind === "frame" && key.payload.isRandomAccess, true);
  assertEquals(readParameters("video", ...bodies), undefined);
  const inter = readLast("video", ...bodies, `a161763031 ${INTER_FRAME}`);
  assertEquals(inter.kind === "frame" && inter.payload, {
    parts: [hex(INTER_OBU)],
    isRandomAccess: false,
    parameters: undefined,
  });
});

Deno.test("av1Flv passes over a sequence start that knows nothing yet [ffmpeg 9.0.2]", () => {
  assertEquals(readTags("video", "9061763031", HEADER)[0], []);
  assertEquals(readParameters("video", "9061763031", HEADER), PARAMETERS);
});

Deno.test("av1Flv takes the sequence header from a key frame when there is no other", () => {
  const inter = `a161763031 ${INTER_FRAME}`;
  const key = `9161763031 ${KEY_FRAME}`;
  assertEquals(readTags("video", inter), [[]]);
  assertEquals(readParameters("video", inter, key), PARAMETERS);
  assertEquals(readParameters("video", inter, key, key), undefined);
});

Deno.test("av1Flv puts the sequence header before key frames that lack it", () => {
  const bare = "9161763031 3204 10c0ffee";
  assertEquals(readParts("video", HEADER, bare), [
    SEQUENCE_HEADER.toHex(),
    KEY_OBU,
  ]);
  assertEquals(readParameters("video", HEADER, bare), undefined);
});

Deno.test("av1Flv tells when the sequence header changes", () => {
  const other = SEQUENCE_HEADER.with(5, 0x34);
  const body = `9161763031 0a0b${other.subarray(1).toHex()} 3204 10c0ffee`;
  assertEquals(readParameters("video", HEADER, body), {
    codec: "av1",
    sequenceHeader: other,
  });
});

Deno.test("av1Flv passes over a sequence header that is far too long", () => {
  const long = `1200 0a808001${"00".repeat(16_384)} 3204 10c0ffee`;
  assertEquals(readTags("video", `9161763031 ${long}`), [[]]);
  assertEquals(
    readParameters("video", HEADER, `9161763031 ${long}`),
    undefined,
  );
});
