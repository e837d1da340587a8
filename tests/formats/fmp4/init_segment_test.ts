import { ParseError } from "#base/errors.ts";
import { joinBytes } from "#base/join_bytes.ts";
import { readU32 } from "#base/big_endian.ts";
import { serializeInitSegment } from "#formats/fmp4/init_segment.ts";
import { parseInitSegment } from "#formats/fmp4/movie_reader.ts";
import { MOVIE_DURATION_OFFSET_BYTES } from "#formats/fmp4/movie_writer.ts";
import { openMp4SampleReader } from "#formats/fmp4/mp4_codecs.ts";
import { samplesOfUnit } from "#formats/fmp4/unit_samples.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { CODEC_SAMPLES, codecSample, trackOf, unitOf } from "./mp4_samples.ts";

function initTracks(samples = CODEC_SAMPLES) {
  return samples.map((sample, i) => {
    const track = trackOf(sample);
    const [first] = samplesOfUnit(unitOf(sample.parts), track);
    return {
      trackNumber: i + 1,
      codec: sample.codec,
      clockRateHz: track.clockRateHz,
      firstSample: first!.bytes,
    };
  });
}

Deno.test("serializeInitSegment() writes a header byte for byte", () => {
  const init = serializeInitSegment(initTracks([codecSample("opus")]))!;
  const matrix = "00010000" + "00".repeat(12) + "00010000" + "00".repeat(12) +
    "40000000";
  assertEquals(
    init.toHex(),
    "0000002066747970" + "6d703432" + "00000001" +
      "6d7034316d70343269736f6d686c7366" +
      "000002446d6f6f76" + "0000006c6d766864" + "00".repeat(12) + "000003e8" +
      "00000000" + "00010000" + "0100" + "00".repeat(10) + matrix +
      "00".repeat(24) + "ffffffff" +
      "000001a87472616b" + "0000005c746b6864" + "00000003" + "00".repeat(8) +
      "00000001" + "00".repeat(16) + "0000" + "0001" + "0100" + "0000" +
      matrix + "00".repeat(8) +
      "000001446d646961" + "0000002c6d646864" + "01000000" + "00".repeat(16) +
      "0000bb80" + "00".repeat(8) + "55c40000" +
      "0000002d68646c72" + "00".repeat(8) + "736f756e" + "00".repeat(12) +
      "536f756e6448616e646c657200" +
      "000000e36d696e66" + "00000010736d6864" + "00".repeat(8) +
      "0000002464696e66" + "0000001c64726566" + "00000000" + "00000001" +
      "0000000c75726c20" + "00000001" +
      "000000a77374626c" + "0000005b73747364" + "00000000" + "00000001" +
      "0000004b4f707573" + "0000000000000001" + "00".repeat(8) +
      "0002001000000000bb800000" +
      "00000013644f7073" + "00020138" + "0000bb80" + "000000" +
      "0000001462747274" + "00000000" + "0001f739" + "0001f739" +
      "0000001073747473" + "00".repeat(8) + "0000001073747363" +
      "00".repeat(8) + "000000147374737a" + "00".repeat(12) +
      "000000107374636f" + "00".repeat(8) +
      "000000286d766578" + "0000002074726578" + "00000000" + "00000001" +
      "00000001" + "00".repeat(12),
  );
});

Deno.test("parseInitSegment() reads the tracks that serializeInitSegment() wrote", () => {
  const init = serializeInitSegment(initTracks(), { durationMs: 1_234 })!;
  const before = init.slice();
  const movie = parseInitSegment(init);
  assertEquals([movie.timescaleHz, movie.durationTicks], [1_000, 1_234]);
  assertEquals(movie.isFragmented, true);
  for (const [i, track] of movie.tracks.entries()) {
    const { codec } = CODEC_SAMPLES[i]!;
    assertEquals(track.number, i + 1);
    const name = codec.codec === "g711" ? "lpcm" : codec.codec;
    assertEquals(openMp4SampleReader(track.entry!)?.codec?.codec, name);
  }
  assertEquals(init, before, "input must stay untouched");
});

Deno.test("serializeInitSegment() waits for parameters", () => {
  const [first] = initTracks();
  const codec = { codec: "vp9", profileId: 0, bitDepth: 8 } as const;
  const waiting = { trackNumber: 2, codec, clockRateHz: 90_000 };
  assertEquals(serializeInitSegment([first!, waiting]), undefined);
});

Deno.test("serializeInitSegment() puts user data at the end; the duration can be found", () => {
  const tracks = initTracks([codecSample("aac")]);
  const box = Uint8Array.fromHex(
    "0000001175647461" + "0000000966726565" + "01",
  );
  const init = serializeInitSegment(tracks, { userData: box, durationMs: 77 })!;
  const movie = parseInitSegment(init);
  assertEquals(movie.userData.map(({ type }) => type), ["free"]);
  const mvhdAt = init.toHex().indexOf("6d766864") / 2 - 4;
  assertEquals(readU32(init, mvhdAt + MOVIE_DURATION_OFFSET_BYTES), 77);
});

Deno.test("parseInitSegment() throws only ParseError for prefixes", () => {
  const init = serializeInitSegment(initTracks())!;
  for (let length = 0; length < init.length; length++) {
    assertThrows(() => parseInitSegment(init.subarray(0, length)), ParseError);
  }
  assert(parseInitSegment(joinBytes([init, init])).tracks.length > 0);
});
