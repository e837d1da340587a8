import { ParseError } from "#base/errors.ts";
import type { H264Parameters } from "#codecs/codec.ts";
import { MAX_FLV_BODY_BYTES } from "#formats/flv/flv_codec.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";
import {
  framesOf,
  headerOf,
  hex,
  readLast,
  readParameters,
  readParts,
  readTags,
} from "../tags.ts";

const SPS = hex("6742c01ed900a02ff97011000003000100000300320f162e48");
const PPS = hex("68cb83cb20");
const PARAMETERS: H264Parameters = { codec: "h264", sps: [SPS], pps: [PPS] };

const RECORD = `0142c01effe10019${SPS.toHex()}010005${PPS.toHex()}`;
const HEADER = `1700000000${RECORD}`;
const KEY_FRAME = "1701000000 00000003 65b804";
const INTER_FRAME = "2701000028 00000002 419a 00000002 0605";

const IDR = hex("65b804");
const INTER = [hex("419a"), hex("0605")];

const withLength = (nal: Uint8Array) =>
  nal.length.toString(16).padStart(8, "0") + nal.toHex();

Deno.test("h264Flv writes parameter sets before the first frame", () => {
  assertEquals(headerOf(PARAMETERS), HEADER);
  assertEquals(
    headerOf(PARAMETERS, { isEnhanced: true }),
    `9061766331${RECORD}`,
  );
  assertEquals(
    headerOf(PARAMETERS, { trackId: 2 }),
    `96006176633102${RECORD}`,
  );
});

Deno.test("h264Flv waits for both parameter sets", () => {
  assertEquals(headerOf({ ...PARAMETERS, sps: [] }), undefined);
  assertEquals(headerOf({ ...PARAMETERS, pps: [] }), undefined);
});

Deno.test("h264Flv writes a key frame without AUD, SPS, PPS, filler and empty NAL units", () => {
  const parts = [
    hex("09f0"),
    SPS,
    PPS,
    new Uint8Array(0),
    IDR,
    hex("0cff80"),
  ];
  assertEquals(framesOf(PARAMETERS, parts), [KEY_FRAME.replaceAll(" ", "")]);
});

/** Composition times, and the headers that tell them. */
const TIMES: readonly {
  readonly compositionTimeMs: number;
  readonly plain: string;
  readonly enhanced: string;
  readonly multitrack: string;
}[] = [{
  compositionTimeMs: 0,
  plain: "2701000000",
  enhanced: "a361766331",
  multitrack: "a6036176633101",
}, {
  compositionTimeMs: 40,
  plain: "2701000028",
  enhanced: "a161766331000028",
  multitrack: "a6016176633101000028",
}, {
  compositionTimeMs: 0x7fffff,
  plain: "27017fffff",
  enhanced: "a1617663317fffff",
  multitrack: "a60161766331017fffff",
}, {
  compositionTimeMs: -1,
  plain: "2701ffffff",
  enhanced: "a161766331ffffff",
  multitrack: "a6016176633101ffffff",
}];

for (const { compositionTimeMs, plain, enhanced, multitrack } of TIMES) {
  Deno.test(`h264Flv writes and reads a composition time of ${compositionTimeMs} ms`, () => {
    const payload = INTER.map(withLength).join("");
    const unit = { isRandomAccess: false, compositionTimeMs };
    for (
      const [options, head, trackId, header] of [
        [{}, plain, 0, HEADER],
        [{ isEnhanced: true }, enhanced, 0, `9061766331${RECORD}`],
        [{ trackId: 1 }, multitrack, 1, `96006176633101${RECORD}`],
      ] as const
    ) {
      const tags = framesOf(PARAMETERS, INTER, { ...unit, ...options });
      assertEquals(tags, [head + payload]);
      assertEquals(readLast("video", header, tags[0]!), {
        kind: "frame",
        trackId,
        compositionTimeMs,
        payload: {
          parts: INTER,
          isRandomAccess: false,
          parameters: undefined,
        },
        sizeBytes: payload.length / 2,
      });
    }
  });
}

Deno.test("h264Flv makes nothing of nothing and of too much", () => {
  for (
    const parts of [[], [SPS, PPS], [new Uint8Array(MAX_FLV_BODY_BYTES - 8)]]
  ) assertEquals(framesOf(PARAMETERS, parts), []);
});

Deno.test("h264Flv reads a sequence header and a key frame", () => {
  const [header, key] = readTags("video", HEADER, KEY_FRAME);
  assertEquals(header, [{
    kind: "parameters",
    trackId: 0,
    parameters: PARAMETERS,
  }]);
  assertEquals(key, [{
    kind: "frame",
    trackId: 0,
    compositionTimeMs: 0,
    payload: { parts: [IDR], isRandomAccess: true, parameters: undefined },
    sizeBytes: 7,
  }]);
});

Deno.test("h264Flv takes parameter sets from the first key frame when there is no sequence header", () => {
  const nals = [SPS, PPS, IDR].map(withLength).join("");
  const bodies = [INTER_FRAME, `1701000000 ${nals}`];
  assertEquals(readTags("video", ...bodies)[0], []);
  assertEquals(readParameters("video", ...bodies), PARAMETERS);
  assertEquals(
    readParts("video", ...bodies),
    [SPS, PPS, IDR].map((nal) => nal.toHex()),
  );
});

for (const [sizeBytes, prefix] of [[1, "03"], [2, "0003"]] as const) {
  Deno.test(`h264Flv takes NAL lengths of ${sizeBytes} bytes`, () => {
    const header = hex(HEADER).with(9, 0xfc | sizeBytes - 1).toHex();
    const body = `1701000000 ${prefix} 65b804`;
    assertEquals(readParts("video", header, body), ["65b804"]);
  });
}

Deno.test("h264Flv takes parameter sets from frames", () => {
  const pps = hex("68cb83cb2a");
  const body = `1701000000 ${withLength(pps)} 00000003 65b804`;
  assertEquals(
    readParameters("video", HEADER, body),
    { ...PARAMETERS, pps: [pps] },
  );
  assertEquals(readParameters("video", HEADER, body, body), undefined);
});

Deno.test("h264Flv starts at flagged intra pictures that are not IDR", () => {
  const isStart = (body: string) => {
    const tag = readLast("video", HEADER, body);
    return tag.kind === "frame" && tag.payload.isRandomAccess;
  };
  assert(isStart("1701000000 00000002 4188"));
  assert(!isStart("2701000000 00000002 4188"));
  assert(!isStart("1701000000 00000002 419a"));
  assert(!isStart("1701000000 00000001 41"));
});

Deno.test("h264Flv leaves out what holds no frame", () => {
  assertEquals(readTags("video", KEY_FRAME), [[]]);
  assertEquals(readTags("video", HEADER, "1701000000")[1], []);
  assertEquals(readTags("video", HEADER, "1702000000")[1], []);
  assertEquals(readTags("video", "9061766331"), [[]]);
});

Deno.test("h264Flv rejects cut and unknown tags", () => {
  for (const prefix of prefixes(hex(HEADER))) {
    if (prefix.length === 0 || prefix.length === 5) continue;
    assertThrows(() => readTags("video", prefix.toHex()), ParseError);
  }
  for (const body of ["1704000000", "1701000000 00000004 65b804"]) {
    assertThrows(() => readTags("video", HEADER, body), ParseError);
  }
});

Deno.test("h264Flv throws only ParseError on mutated input", () => {
  const seeds = [HEADER, KEY_FRAME, INTER_FRAME].map(hex);
  for (const body of mutations(seeds)) {
    try {
      readTags("video", HEADER, body.toHex(), KEY_FRAME);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
