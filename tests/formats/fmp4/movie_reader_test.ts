import { ByteWriter } from "#base/byte_writer.ts";
import { ParseError } from "#base/errors.ts";
import { readBoxes } from "#formats/fmp4/box_reader.ts";
import { initEntry } from "#formats/fmp4/init_segment.ts";
import { MAX_MOVIE_TRACKS, parseMovie } from "#formats/fmp4/movie_reader.ts";
import {
  type EditListEntry,
  type MovieTrack,
  writeMovie,
} from "#formats/fmp4/movie_writer.ts";
import { writeFullBox } from "#formats/fmp4/box_writer.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { codecSample } from "./mp4_samples.ts";

function movieTrack(trackNumber: number, edits: EditListEntry[]): MovieTrack {
  return {
    trackNumber,
    clockRateHz: 48_000,
    entry: initEntry({ codec: codecSample("opus").codec })!,
    durationTicks: 96_000,
    edits,
    writeSampleTables: (writer) =>
      writeFullBox(writer, "stts", {}, () => writer.u32(0)),
  };
}

function moov(tracks: readonly MovieTrack[]): Uint8Array {
  const writer = new ByteWriter();
  writeMovie(writer, {
    durationTicks: 2_000,
    tracks,
    isFragmented: false,
    userData: new Uint8Array(),
  });
  return readBoxes(writer.finish())[0]!.body;
}

const EDITS: readonly (readonly [string, EditListEntry[], number])[] = [
  ["no edits", [], 0],
  ["samples that are hidden", [{ durationTicks: 0, mediaTicks: 312 }], -312],
  [
    "an empty edit first",
    [
      { durationTicks: 500, mediaTicks: -1 },
      { durationTicks: 1_500, mediaTicks: 0 },
    ],
    24_000,
  ],
  [
    "both",
    [
      { durationTicks: 500, mediaTicks: -1 },
      { durationTicks: 1_500, mediaTicks: 1_000 },
    ],
    23_000,
  ],
  ["nothing but an empty edit", [{ durationTicks: 500, mediaTicks: -1 }], 0],
];

for (const [name, edits, offsetTicks] of EDITS) {
  Deno.test(`parseMovie() reads an edit list with ${name}`, () => {
    const movie = parseMovie(moov([movieTrack(1, edits)]));
    assertEquals(movie.tracks[0]?.editOffsetTicks, offsetTicks);
    assertEquals(movie.tracks[0]?.durationTicks, 96_000);
    assertEquals(movie.isFragmented, false);
  });
}

Deno.test("parseMovie() takes a limited number of tracks", () => {
  const tracks = Array.from(
    { length: MAX_MOVIE_TRACKS + 1 },
    (_, i) => movieTrack(i + 1, []),
  );
  assertThrows(() => parseMovie(moov(tracks)), ParseError);
  assertEquals(parseMovie(moov(tracks.slice(1))).tracks.length, 64);
});

Deno.test("parseMovie() refuses clocks that stand still", () => {
  const bytes = moov([movieTrack(1, [])]).slice();
  bytes.fill(0, 20, 24);
  const error = assertThrows(() => parseMovie(bytes), ParseError);
  assertEquals(error.field, "timescale");
});

Deno.test("parseMovie() has no entry for tracks that are neither pictures nor sound", () => {
  const text = moov([movieTrack(1, [])]).toHex().replace(
    "736f756e",
    "74657874",
  );
  const movie = parseMovie(Uint8Array.fromHex(text));
  assertEquals(movie.tracks[0]?.entry, undefined);
});
