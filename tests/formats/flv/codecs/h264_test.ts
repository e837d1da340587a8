import { ParseError } from "#base/errors.ts";
import type { H264Parameters } from "#codecs/codec.ts";
import { h264Flv } from "#formats/flv/codecs/h264.ts";
import { type FlvTag, MAX_FLV_BODY_BYTES } from "#formats/flv/flv_codec.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

const hex = (text: string): Uint8Array =>
  Uint8Array.fromHex(text.replaceAll(" ", ""));

const SPS = hex("6742c01ed900a02ff97011000003000100000300320f162e48");
const PPS = hex("68cb83cb20");
const PARAMETERS: H264Parameters = { codec: "h264", sps: [SPS], pps: [PPS] };

const SEQUENCE_HEADER = hex(
  `17 00 000000 01 42c01e ff e1 0019 ${SPS.toHex()} 01 0005 ${PPS.toHex()}`,
);
const KEY_FRAME = hex("17 01 000000 00000003 65b804");
const INTER_FRAME = hex("27 01 000028 00000002 419a 00000002 0605");

const IDR = hex("65b804");

function readAll(...bodies: readonly Uint8Array[]): FlvTag[] {
  const reader = h264Flv.openReader();
  return bodies.map((body) => reader.read(body));
}

/** What the last of `bodies` gives. */
function readLast(...bodies: readonly Uint8Array[]): FlvTag {
  return readAll(...bodies).at(-1)!;
}

Deno.test("h264Flv.sequenceHeader() writes parameter sets", () => {
  assertEquals(
    h264Flv.sequenceHeader(PARAMETERS)?.toHex(),
    SEQUENCE_HEADER.toHex(),
  );
});

Deno.test("H264TagReader takes parameter sets from the first key frame when there is no sequence header", () => {
  const nals = [SPS, PPS, IDR].map((nal) =>
    nal.length.toString(16).padStart(8, "0") + nal.toHex()
  );
  const tag = readLast(INTER_FRAME, hex(`17 01 000000 ${nals.join("")}`));
  assert(tag.kind === "frame");
  assertEquals(tag.parameters, PARAMETERS);
  assertEquals(tag.parts, [SPS, PPS, IDR]);
  assertEquals(readLast(INTER_FRAME).kind, "ignored");
});

Deno.test("h264Flv.sequenceHeader() waits for both parameter sets", () => {
  assertEquals(h264Flv.sequenceHeader({ ...PARAMETERS, sps: [] }), undefined);
  assertEquals(h264Flv.sequenceHeader({ ...PARAMETERS, pps: [] }), undefined);
});

Deno.test("h264Flv.frames() writes a key frame without AUD, SPS, PPS, filler and empty NAL units", () => {
  const parts = [
    hex("09f0"),
    SPS,
    PPS,
    new Uint8Array(0),
    IDR,
    hex("0cff80"),
  ];
  const unit = { parts, isRandomAccess: true, compositionTimeMs: 0 };
  assertEquals(
    h264Flv.frames(unit, PARAMETERS),
    [{ body: KEY_FRAME, offsetTicks: 0 }],
  );
});

Deno.test("h264Flv.frames() writes composition times of both signs", () => {
  const parts = [hex("419a"), hex("0605")];
  for (
    const [compositionTimeMs, header] of [
      [40, "2701000028"],
      [0x7fffff, "27017fffff"],
      [-1, "2701ffffff"],
    ] as const
  ) {
    const unit = { parts, isRandomAccess: false, compositionTimeMs };
    const [frame] = h264Flv.frames(unit, PARAMETERS);
    assertEquals(
      frame?.body.toHex(),
      header + INTER_FRAME.subarray(5).toHex(),
    );
    const tag = readLast(SEQUENCE_HEADER, frame!.body);
    assert(tag.kind === "frame");
    assertEquals(tag.compositionTimeMs, compositionTimeMs);
  }
});

Deno.test("h264Flv.frames() makes nothing of nothing and of too much", () => {
  const options = { isRandomAccess: true, compositionTimeMs: 0 };
  for (
    const parts of [[], [SPS, PPS], [new Uint8Array(MAX_FLV_BODY_BYTES - 8)]]
  ) {
    assertEquals(h264Flv.frames({ parts, ...options }, PARAMETERS), []);
  }
});

Deno.test("the H.264 reader reads a sequence header and frames", () => {
  const [header, key, inter] = readAll(SEQUENCE_HEADER, KEY_FRAME, INTER_FRAME);
  assertEquals(header, { kind: "parameters", parameters: PARAMETERS });
  assertEquals(key, {
    kind: "frame",
    codec: "h264",
    parts: [IDR],
    isRandomAccess: true,
    compositionTimeMs: 0,
    parameters: undefined,
  });
  assertEquals(inter, {
    kind: "frame",
    codec: "h264",
    parts: [hex("419a"), hex("0605")],
    isRandomAccess: false,
    compositionTimeMs: 40,
    parameters: undefined,
  });
});

for (const [sizeBytes, prefix] of [[1, "03"], [2, "0003"]] as const) {
  Deno.test(`the H.264 reader takes NAL lengths of ${sizeBytes} bytes`, () => {
    const header = SEQUENCE_HEADER.with(9, 0xfc | sizeBytes - 1);
    const tag = readLast(header, hex(`1701000000 ${prefix} 65b804`));
    assert(tag.kind === "frame");
    assertEquals(tag.parts, [IDR]);
  });
}

Deno.test("the H.264 reader takes parameter sets from frames", () => {
  const newPps = hex("68cb83cb2a");
  const body = hex(`1701000000 00000005 ${newPps.toHex()} 00000003 65b804`);
  const [, first, second] = readAll(SEQUENCE_HEADER, body, body);
  assert(first?.kind === "frame" && second?.kind === "frame");
  assertEquals(first.parameters, { ...PARAMETERS, pps: [newPps] });
  assertEquals(second.parameters, undefined);
});

Deno.test("the H.264 reader starts at flagged intra pictures that are not IDR", () => {
  const isStart = (body: string) => {
    const tag = readLast(SEQUENCE_HEADER, hex(body));
    assert(tag.kind === "frame");
    return tag.isRandomAccess;
  };
  assert(isStart("1701000000 00000002 4188"));
  assert(!isStart("2701000000 00000002 4188"));
  assert(!isStart("1701000000 00000002 419a"));
  assert(!isStart("1701000000 00000001 41"));
});

Deno.test("the H.264 reader leaves out what holds no frame", () => {
  assertEquals(readLast(KEY_FRAME), { kind: "ignored" });
  assertEquals(readLast(SEQUENCE_HEADER, hex("1701000000")), {
    kind: "ignored",
  });
  assertEquals(readLast(SEQUENCE_HEADER, hex("1702000000")), { kind: "end" });
});

Deno.test("the H.264 reader rejects cut and unknown tags", () => {
  for (const prefix of prefixes(SEQUENCE_HEADER)) {
    assertThrows(() => readAll(prefix), ParseError);
  }
  for (const body of ["1703000000", "1701000000 00000004 65b804"]) {
    assertThrows(() => readAll(SEQUENCE_HEADER, hex(body)), ParseError);
  }
});

Deno.test("the H.264 reader throws only ParseError on mutated input", () => {
  for (const body of mutations([SEQUENCE_HEADER, KEY_FRAME, INTER_FRAME])) {
    try {
      readAll(SEQUENCE_HEADER, body, KEY_FRAME);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
