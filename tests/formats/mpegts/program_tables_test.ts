import { ParseError } from "#base/errors.ts";
import {
  MAX_PROGRAMS,
  MAX_STREAMS,
  parseProgramAssociation,
  parseProgramMap,
} from "#formats/mpegts/program_tables.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";
import { mapSection } from "./ts_writer.ts";

/** H.264 and AAC with an ISO 639 language each [VLC 3.0.21]. */
const MAP = Uint8Array.fromHex(
  "e064f0001be064f0060a04000000000fe0c8f0060a0400000000",
);

/** Section body without header and checksum. */
function bodyOf(section: Uint8Array): Uint8Array {
  return section.slice(8, -4);
}

Deno.test("parseProgramAssociation() lists programs, not the network [VLC 3.0.21]", () => {
  const body = Uint8Array.fromHex("0000e010" + "0001e020" + "0002e005");
  assertEquals(parseProgramAssociation(body), [{ programNumber: 1, pid: 32 }]);
  assertEquals(parseProgramAssociation(new Uint8Array(0)), []);
  assertThrows(() => parseProgramAssociation(body.subarray(0, 5)), ParseError);
});

Deno.test("parseProgramAssociation() looks at no more programs than it may", () => {
  const body = Uint8Array.from(
    { length: 4 * 250 },
    (_, i) => [0, 1, 0xe1, 0][i % 4]!,
  );
  assertEquals(parseProgramAssociation(body).length, MAX_PROGRAMS);
});

Deno.test("parseProgramMap() reads streams and descriptors [VLC 3.0.21]", () => {
  const descriptors = [{ tag: 0x0a, data: new Uint8Array(4) }];
  assertEquals(parseProgramMap(MAP), [
    { pid: 100, streamType: 0x1b, descriptors },
    { pid: 200, streamType: 0x0f, descriptors },
  ]);
});

Deno.test("parseProgramMap() rejects every prefix within a stream", () => {
  const ends = [4, 15];
  for (const prefix of prefixes(MAP)) {
    if (ends.includes(prefix.length)) parseProgramMap(prefix);
    else assertThrows(() => parseProgramMap(prefix), ParseError);
  }
});

Deno.test("parseProgramMap() leaves out streams without a PID of their own", () => {
  const streams = [
    { pid: 0x0f, streamType: 0x1b },
    { pid: 0x1fff, streamType: 0x1b },
    { pid: 0x100, streamType: 0x1b },
    { pid: 0x100, streamType: 0x0f },
  ];
  assertEquals(
    parseProgramMap(bodyOf(mapSection(streams))).map(({ streamType }) =>
      streamType
    ),
    [0x1b],
  );
});

Deno.test("parseProgramMap() rejects too many streams", () => {
  const streams = Array.from({ length: MAX_STREAMS + 1 }, (_, i) => ({
    pid: 0x100 + i,
    streamType: 0x1b,
  }));
  const body = bodyOf(mapSection(streams));
  assertEquals(parseProgramMap(body.subarray(0, -5)).length, MAX_STREAMS);
  assertThrows(() => parseProgramMap(body), ParseError);
});

Deno.test("parseProgramMap() throws nothing but ParseError", () => {
  for (const bytes of mutations([MAP])) {
    try {
      parseProgramMap(bytes);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
