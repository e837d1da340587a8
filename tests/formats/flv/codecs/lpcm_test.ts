import type { LpcmParameters } from "#codecs/codec.ts";
import { flvCodecOf } from "#formats/flv/flv_codecs.ts";
import { assertEquals } from "#test/assert.ts";
import {
  framesOf,
  headerOf,
  hex,
  readParameters,
  readParts,
  readTags,
} from "../tags.ts";

const lpcm = (
  bitDepth: 8 | 16 | 24,
  sampleRateHz: number,
  channelCount: number,
): LpcmParameters => ({ codec: "lpcm", bitDepth, sampleRateHz, channelCount });

/** What the flags say; `samples` as they are big endian, `payload` as FLV has them. */
const CASES = [
  { parameters: lpcm(16, 44_100, 2), flags: "f", payload: "02010403" },
  { parameters: lpcm(16, 22_050, 1), flags: "a", payload: "02010403" },
  { parameters: lpcm(8, 11_025, 2), flags: "5", payload: "01020304" },
  { parameters: lpcm(8, 5_512, 1), flags: "0", payload: "01020304" },
];

for (const { parameters, flags, payload } of CASES) {
  const { bitDepth, sampleRateHz, channelCount } = parameters;
  Deno.test(`lpcmFlv writes and reads ${bitDepth} bits, ${sampleRateHz} Hz, ${channelCount} channels`, () => {
    const samples = hex("01020304");
    assertEquals(headerOf(parameters), undefined);
    const ticks = 4 / (bitDepth / 8 * channelCount);
    assertEquals(framesOf(parameters, [samples, samples]), [
      `3${flags}${payload}`,
      `+${ticks} 3${flags}${payload}`,
    ]);
    assertEquals(samples.toHex(), "01020304", "parts must stay untouched");
    for (const soundFormat of [0, 3]) {
      const body = `${soundFormat}${flags}${payload}`;
      assertEquals(readParameters("audio", body), parameters);
      assertEquals(readParts("audio", body, body), ["01020304"]);
    }
  });
}

Deno.test("lpcmFlv carries the rates that the flags know, with 8 and 16 bits", () => {
  const others = [lpcm(16, 48_000, 2), lpcm(24, 44_100, 2), lpcm(8, 11_025, 3)];
  for (const one of others) assertEquals(flvCodecOf(one), undefined);
});

Deno.test("lpcmFlv leaves out what is no whole sample", () => {
  assertEquals(readTags("audio", "3f", "3f010203"), [[], []]);
  assertEquals(readParts("audio", "3f 02010403 05"), ["01020304"]);
  assertEquals(
    readParameters("audio", "3f 0102", "3f 01020304"),
    lpcm(16, 44_100, 2),
  );
});

Deno.test("lpcmFlv tells when the flags change", () => {
  assertEquals(
    readParameters("audio", "3f 01020304", "36 0102"),
    lpcm(16, 11_025, 1),
  );
});
