import { ParseError } from "#base/errors.ts";
import type { OpusParameters } from "#codecs/codec.ts";
import {
  opusParametersOf,
  parseOpusHead,
  serializeOpusHead,
} from "#formats/flv/opus_head.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";
import { hex } from "./tags.ts";

const MAGIC = "4f70757348656164";

/** `bytes`: as we write them. */
const HEADS: readonly {
  readonly name: string;
  readonly parameters: OpusParameters;
  readonly bytes: string;
}[] = [{
  name: "one channel",
  parameters: { codec: "opus", channelCount: 1 },
  bytes: "0101000f80bb0000000000",
}, {
  name: "two channels",
  parameters: { codec: "opus", channelCount: 2 },
  bytes: "0102000f80bb0000000000",
}, {
  name: "three channels in the order of Vorbis",
  parameters: opusParametersOf(3),
  bytes: "0103000f80bb0000000001 0201 000201",
}, {
  name: "eight channels in the order of Vorbis",
  parameters: opusParametersOf(8),
  bytes: "0108000f80bb0000000001 0503 0006010203040507",
}, {
  name: "four channels in another order",
  parameters: {
    codec: "opus",
    channelCount: 4,
    multistream: {
      streamCount: 4,
      coupledStreamCount: 0,
      channelMapping: [3, 2, 1, 255],
    },
  },
  bytes: "0104000f80bb00000000ff 0400 030201ff",
}];

for (const { name, parameters, bytes } of HEADS) {
  const head = hex(MAGIC + bytes);
  Deno.test(`parseOpusHead() and serializeOpusHead() know ${name}`, () => {
    assertEquals(serializeOpusHead(parameters).toHex(), head.toHex());
    assertEquals(parseOpusHead(head), parameters);
  });

  Deno.test(`parseOpusHead() rejects every prefix of ${name}`, () => {
    for (const prefix of prefixes(head)) {
      assertThrows(() => parseOpusHead(prefix), ParseError);
    }
  });
}

Deno.test("parseOpusHead() takes one stream of two channels for what it is", () => {
  assertEquals(
    parseOpusHead(hex(`${MAGIC} 0102000080bb0000000001 0101 0001`)),
    { codec: "opus", channelCount: 2 },
  );
});

for (
  const [name, field, bytes] of [
    ["another magic", "magic", "4f70757354616773 0102000f80bb0000000000"],
    ["a later version", "version", `${MAGIC} 1002000f80bb0000000000`],
    ["no channels", "channelCount", `${MAGIC} 0100000f80bb0000000000`],
    [
      "nine channels",
      "channelCount",
      `${MAGIC} 0109000f80bb0000000001 0900 000102030405060708`,
    ],
    [
      "three channels without a mapping",
      "channelCount",
      `${MAGIC} 0103000f80bb0000000000`,
    ],
    [
      "no streams",
      "streamCount",
      `${MAGIC} 0103000f80bb0000000001 0000 000102`,
    ],
    [
      "more pairs than streams",
      "streamCount",
      `${MAGIC} 0103000f80bb0000000001 0102 000102`,
    ],
  ] as const
) {
  Deno.test(`parseOpusHead() rejects ${name}`, () => {
    const error = assertThrows(() => parseOpusHead(hex(bytes)), ParseError);
    assertEquals(error.field, field);
  });
}

Deno.test("parseOpusHead() throws only ParseError on mutated input", () => {
  for (const bytes of mutations(HEADS.map((one) => hex(MAGIC + one.bytes)))) {
    try {
      parseOpusHead(bytes);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
