import type { G711Parameters } from "#codecs/codec.ts";
import { g711Flv } from "#formats/flv/codecs/g711.ts";
import { assert, assertEquals } from "#test/assert.ts";

const hex = (text: string): Uint8Array => Uint8Array.fromHex(text);

const g711 = (
  law: "mu" | "a",
  channelCount: number,
  sampleRateHz = 8_000,
): G711Parameters => ({ codec: "g711", law, sampleRateHz, channelCount });

const CASES = [
  { parameters: g711("a", 1), flags: "72", codecId: 7 },
  { parameters: g711("a", 2), flags: "73", codecId: 7 },
  { parameters: g711("mu", 1), flags: "82", codecId: 8 },
  { parameters: g711("mu", 2), flags: "83", codecId: 8 },
];

for (const { parameters, flags, codecId } of CASES) {
  Deno.test(`g711Flv writes and reads ${parameters.law}-law, ${parameters.channelCount} channels`, () => {
    const unit = {
      parts: [hex("01020304"), new Uint8Array(0), hex("0506")],
      isRandomAccess: true,
      compositionTimeMs: 0,
    };
    assert(g711Flv.isCarried(parameters));
    assertEquals(g711Flv.codecId(parameters), codecId);
    assertEquals(g711Flv.sequenceHeader(parameters), undefined);
    const frames = g711Flv.frames(unit, parameters);
    assertEquals(frames, [
      { body: hex(`${flags}01020304`), offsetTicks: 0 },
      {
        body: hex(`${flags}0506`),
        offsetTicks: 4 / parameters.channelCount,
      },
    ]);
    const reader = g711Flv.openReader();
    const tags = frames.map(({ body }) => reader.read(body));
    const frame = {
      kind: "frame",
      codec: "g711",
      isRandomAccess: true,
      compositionTimeMs: 0,
    };
    assertEquals(tags, [
      { ...frame, parts: [hex("01020304")], parameters },
      { ...frame, parts: [hex("0506")], parameters: undefined },
    ]);
  });
}

Deno.test("g711Flv carries 8 kHz with up to two channels only", () => {
  assert(!g711Flv.isCarried(g711("a", 1, 16_000)));
  assert(!g711Flv.isCarried(g711("mu", 3)));
});

Deno.test("the G.711 reader tells when channels or law change", () => {
  const reader = g711Flv.openReader();
  const parametersOf = (body: string) => {
    const tag = reader.read(hex(body));
    assert(tag.kind === "frame");
    return tag.parameters;
  };
  assertEquals(parametersOf("7201"), g711("a", 1));
  assertEquals(parametersOf("7201"), undefined);
  assertEquals(parametersOf("830102"), g711("mu", 2));
});

Deno.test("the G.711 reader leaves out empty tags", () => {
  assertEquals(g711Flv.openReader().read(hex("72")), { kind: "ignored" });
});
