import { ParseError } from "#base/errors.ts";
import { joinBytes } from "#base/join_bytes.ts";
import {
  MAX_FRAGMENT_SAMPLES,
  parseFragment,
  readMediaSegment,
} from "#formats/fmp4/fragment_reader.ts";
import { serializeFragment } from "#formats/fmp4/fragment_writer.ts";
import type { Mp4Movie, Mp4MovieTrack } from "#formats/fmp4/movie_reader.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { timedSample } from "./fragment_samples.ts";

const hex = (text: string) => Uint8Array.fromHex(text);

function track(number: number, flags = 0): Mp4MovieTrack {
  return {
    number,
    timescaleHz: 90_000,
    durationTicks: 0,
    entry: undefined,
    editOffsetTicks: 0,
    defaults: { durationTicks: 7, sizeBytes: 3, flags },
    sampleTable: [],
  };
}

const MOVIE: Mp4Movie = {
  timescaleHz: 1_000,
  durationTicks: 0,
  tracks: [track(1), track(2)],
  isFragmented: true,
  userData: [],
};

/** Samples are not where a decoder may start unless they say so. */
const NON_SYNC_MOVIE: Mp4Movie = {
  ...MOVIE,
  tracks: [track(1, 0x10000), track(2, 0x10000)],
};

const SEGMENT = joinBytes([
  hex("00000010737479706d73646800000000"),
  serializeFragment(0, [
    {
      trackNumber: 1,
      samples: [
        timedSample(100, { compositionOffsetTicks: 80 }),
        timedSample(140, {
          isSync: false,
          compositionOffsetTicks: -5,
          bytes: Uint8Array.of(3),
        }),
      ],
    },
    { trackNumber: 2, samples: [timedSample(9, { durationTicks: 1 })] },
  ]),
  serializeFragment(1, [{ trackNumber: 1, samples: [timedSample(180)] }]),
]);

Deno.test("readMediaSegment() reads what serializeFragment() wrote", () => {
  const before = SEGMENT.slice();
  const samples = readMediaSegment(SEGMENT, MOVIE);
  assertEquals(
    samples.map(({ trackNumber, dtsTicks, ptsTicks, isSync, bytes }) =>
      `${trackNumber}: ${dtsTicks} ${ptsTicks} ${isSync} ${bytes.toHex()}`
    ),
    [
      "1: 100 180 true 0102",
      "1: 140 135 false 03",
      "2: 9 9 true 0102",
      "1: 180 180 true 0102",
    ],
  );
  assertEquals(SEGMENT, before, "input must stay untouched");
});

Deno.test("readMediaSegment() throws only ParseError for prefixes", () => {
  let whole = 0;
  for (let length = 0; length < SEGMENT.length; length++) {
    try {
      readMediaSegment(SEGMENT.subarray(0, length), MOVIE);
      whole++;
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
  // Nothing, the segment type, and the first fragment.
  assertEquals(whole, 3);
});

Deno.test("readMediaSegment() refuses samples outside of the segment", () => {
  const bytes = serializeFragment(0, [{
    trackNumber: 1,
    samples: [timedSample(0)],
  }]);
  bytes.fill(0xff, bytes.length - 14, bytes.length - 10);
  assertThrows(() => readMediaSegment(bytes, MOVIE), ParseError);
});

function fragment(...trafs: readonly string[]): Uint8Array {
  return joinBytes(trafs.map((body) => box("traf", hex(body))));
}

function box(type: string, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + body.length);
  new DataView(bytes.buffer).setUint32(0, bytes.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(body, 8);
  return bytes;
}

function boxHex(type: string, body: string): string {
  return box(type, hex(body)).toHex();
}

function parsed(moof: Uint8Array) {
  return parseFragment(moof, {
    moofOffsetBytes: 1_000,
    movie: NON_SYNC_MOVIE,
    nextDecodeTicks: new Map([[1, 500]]),
    budget: { leftSamples: MAX_FRAGMENT_SAMPLES },
  }).map((one) =>
    `${one.trackNumber}: ${one.dtsTicks}+${one.durationTicks} ${one.isSync} ${one.offsetBytes}+${one.sizeBytes}`
  );
}

const FORMS = [{
  name:
    "defaults of the movie, no base time, data behind that of the track before",
  moof: fragment(
    boxHex("tfhd", "00000000" + "00000001") +
      boxHex("trun", "00000001" + "00000002" + "00000010"),
    boxHex("tfhd", "00000000" + "00000002") +
      boxHex("trun", "00000000" + "00000001"),
  ),
  samples: [
    "1: 500+7 false 1016+3",
    "1: 507+7 false 1019+3",
    "2: 0+7 false 1022+3",
  ],
}, {
  name: "defaults of the track, a base of its own, flags of the first sample",
  moof: fragment(
    boxHex(
      "tfhd",
      "0000003b" + "00000001" + "0000000000000100" + "00000001" +
        "00000028" + "00000005" + "00010000",
    ) + boxHex("tfdt", "00000000" + "00000009") +
      boxHex("trun", "00000005" + "00000002" + "fffffff0" + "00000000"),
  ),
  samples: ["1: 9+40 true 240+5", "1: 49+40 false 245+5"],
}, {
  name: "two runs, the second behind the first",
  moof: fragment(
    boxHex("tfhd", "00020000" + "00000002") +
      boxHex("tfdt", "01000000" + "0000000100000000") +
      boxHex("trun", "00000201" + "00000001" + "00000020" + "00000004") +
      boxHex("trun", "00000200" + "00000001" + "00000006"),
  ),
  samples: ["2: 4294967296+7 false 1032+4", "2: 4294967303+7 false 1036+6"],
}, {
  name: "a track that the movie does not list",
  moof: fragment(
    boxHex("tfhd", "00020000" + "00000003") +
      boxHex("trun", "00000000" + "00000001"),
  ),
  samples: [],
}] as const;

for (const { name, moof, samples } of FORMS) {
  Deno.test(`parseFragment() reads ${name}`, () => {
    assertEquals(parsed(moof), [...samples]);
  });
}

Deno.test("parseFragment() refuses more samples than the budget, before it makes them", () => {
  const moof = fragment(
    boxHex("tfhd", "00020000" + "00000001") +
      boxHex("trun", "00000000" + "ffffffff"),
  );
  const error = assertThrows(() => parsed(moof), ParseError);
  assertEquals(error.field, "sample_count");
  const many = boxHex("trun", "00000000" + "0000c000");
  const unlisted = fragment(
    boxHex("tfhd", "00020000" + "00000009") + many + many,
  );
  assertThrows(() => parsed(unlisted), ParseError);
});

Deno.test("parseFragment() refuses base times that no clock reaches", () => {
  const moof = fragment(
    boxHex("tfhd", "00020000" + "00000001") +
      boxHex("tfdt", "01000000" + "ffffffffffffffff"),
  );
  const error = assertThrows(() => parsed(moof), ParseError);
  assertEquals(error.field, "baseMediaDecodeTime");
});
