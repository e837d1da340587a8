import type { G711Parameters } from "#codecs/codec.ts";
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

const g711 = (
  law: "mu" | "a",
  channelCount: number,
  sampleRateHz = 8_000,
): G711Parameters => ({ codec: "g711", law, sampleRateHz, channelCount });

const CASES = [
  { parameters: g711("a", 1), flags: "72" },
  { parameters: g711("a", 2), flags: "73" },
  { parameters: g711("mu", 1), flags: "82" },
  { parameters: g711("mu", 2), flags: "83" },
];

for (const { parameters, flags } of CASES) {
  Deno.test(`g711Flv writes and reads ${parameters.law}-law, ${parameters.channelCount} channels`, () => {
    const parts = [hex("01020304"), new Uint8Array(0), hex("0506")];
    assertEquals(headerOf(parameters), undefined);
    const ticks = 4 / parameters.channelCount;
    const bodies = [`${flags}01020304`, `${flags}0506`];
    assertEquals(
      framesOf(parameters, parts),
      [bodies[0], `+${ticks} ${bodies[1]}`],
    );
    assertEquals(readParameters("audio", bodies[0]!), parameters);
    assertEquals(readParameters("audio", ...bodies), undefined);
    assertEquals(readParts("audio", ...bodies), ["0506"]);
  });
}

Deno.test("g711Flv carries 8 kHz with up to two channels only", () => {
  assertEquals(flvCodecOf(g711("a", 1, 16_000)), undefined);
  assertEquals(flvCodecOf(g711("mu", 3)), undefined);
});

Deno.test("g711Flv tells when channels or law change", () => {
  assertEquals(readParameters("audio", "7201", "830102"), g711("mu", 2));
});

Deno.test("g711Flv leaves out empty tags", () => {
  assertEquals(readTags("audio", "72"), [[]]);
});
