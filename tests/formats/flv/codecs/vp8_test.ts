import type { Vp8Parameters } from "#codecs/codec.ts";
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

const PARAMETERS: Vp8Parameters = { codec: "vp8" };

/** Heads of a key frame of 640x360 and of an inter frame [libvpx]. */
const KEY_FRAME = "5062019d012a80026801";
const INTER_FRAME = "110300091210";

Deno.test("vp8Flv writes a configuration and frames", () => {
  const options = { isEnhanced: true };
  assertEquals(
    headerOf(PARAMETERS, options),
    "9076703038" + "01000000" + "0028820202020000",
  );
  assertEquals(
    framesOf(PARAMETERS, [hex(INTER_FRAME)], {
      ...options,
      isRandomAccess: false,
    }),
    [`a176703038${INTER_FRAME}`],
  );
});

Deno.test("vp8Flv reads a configuration and frames", () => {
  const bodies = ["9076703038", `9176703038 ${KEY_FRAME}`];
  assertEquals(readParameters("video", bodies[0]!), PARAMETERS);
  assertEquals(readParts("video", ...bodies), [KEY_FRAME]);
  const isStart = (...more: readonly string[]) => {
    const tag = readLast("video", ...bodies, ...more);
    return tag.kind === "frame" && tag.payload.isRandomAccess;
  };
  assertEquals([isStart(), isStart(`a176703038 ${INTER_FRAME}`)], [
    true,
    false,
  ]);
});

Deno.test("vp8Flv begins with a key frame when there is no configuration", () => {
  const inter = `a176703038 ${INTER_FRAME}`;
  const key = `9176703038 ${KEY_FRAME}`;
  assertEquals(readTags("video", inter, "9176703038"), [[], []]);
  assertEquals(readParameters("video", inter, key), PARAMETERS);
  assertEquals(readParameters("video", key, inter), undefined);
});
