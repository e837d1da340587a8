import { HttpError } from "#http/http_error.ts";
import { ChunkIndex } from "#recording/playback/chunk_index.ts";
import {
  type PlaylistRequest,
  recordedPlaylist,
} from "#recording/playback/recorded_playlist.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { plainSamples } from "./made_recording.ts";
import {
  type RecordedFolder,
  recordedFolder,
  START_US,
} from "./recorded_folder.ts";

async function playlistOf(
  folder: RecordedFolder,
  changes: Partial<PlaylistRequest> = {},
): Promise<string[]> {
  const segments = await folder.segments();
  const request = { segments, range: {}, query: new URLSearchParams() };
  const index = new ChunkIndex();
  const text = await recordedPlaylist({ ...request, ...changes }, index);
  return text.split("\n");
}

const RECORDINGS = [
  { samples: plainSamples(10), cutSeconds: [0, 6] },
  { cutSeconds: [0], streamByte: 8, startUs: START_US + 60e6 },
];

Deno.test("recordedPlaylist() lists chunks, and a discontinuity at a gap", async () => {
  await using folder = await recordedFolder(...RECORDINGS);
  const first = String(START_US);
  const second = String(START_US + 6e6);
  const third = String(START_US + 60e6);
  assertEquals(await playlistOf(folder), [
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    "#EXT-X-TARGETDURATION:4",
    "#EXT-X-MEDIA-SEQUENCE:0",
    "#EXT-X-PLAYLIST-TYPE:VOD",
    "#EXT-X-INDEPENDENT-SEGMENTS",
    `#EXT-X-MAP:URI="init.mp4?file=${first}"`,
    "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:00.000Z",
    "#EXTINF:4.00000,",
    `chunk.mp4?file=${first}&chunk=0&offset=0`,
    "#EXTINF:2.00000,",
    `chunk.mp4?file=${first}&chunk=1&offset=0`,
    "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:06.000Z",
    "#EXTINF:4.00000,",
    `chunk.mp4?file=${second}&chunk=0&offset=6000000`,
    "#EXT-X-DISCONTINUITY",
    `#EXT-X-MAP:URI="init.mp4?file=${third}"`,
    "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:01:00.000Z",
    "#EXTINF:4.00000,",
    `chunk.mp4?file=${third}&chunk=0&offset=0`,
    "#EXT-X-ENDLIST",
    "",
  ]);
});

Deno.test("recordedPlaylist() begins with the chunk that has the start, and hands on the query", async () => {
  await using folder = await recordedFolder(...RECORDINGS);
  const lines = await playlistOf(folder, {
    range: { startUs: START_US + 4.5e6, endUs: START_US + 6e6 },
    query: new URLSearchParams({ jwt: "a b" }),
  });
  assertEquals(lines.slice(6), [
    "#EXT-X-START:TIME-OFFSET=0.500,PRECISE=YES",
    `#EXT-X-MAP:URI="init.mp4?jwt=a+b&file=${START_US}"`,
    "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:04.000Z",
    "#EXTINF:2.00000,",
    `chunk.mp4?jwt=a+b&file=${START_US}&chunk=1&offset=0`,
    "#EXT-X-ENDLIST",
    "",
  ]);
});

Deno.test("recordedPlaylist() ends a chunk where the next segment begins", async () => {
  await using folder = await recordedFolder({ cutSeconds: [0, 2] });
  const [first, second] = await folder.segments();
  const long = { ...first!, durationUs: 2.5e6 };
  const lines = await playlistOf(folder, { segments: [long, second!] });
  const lengths = lines.filter((line) => line.startsWith("#EXTINF"));
  assertEquals(lengths, ["#EXTINF:2.00000,", "#EXTINF:2.00000,"]);
});

Deno.test("recordedPlaylist() refuses what is too long, before it reads it, and what is not there", async () => {
  await using folder = await recordedFolder({});
  const [segment] = await folder.segments();
  const days = Array.from({ length: 50 }, (_, i) => ({
    ...segment!,
    file: "/nowhere",
    startUs: START_US + i * 3_600e6,
    durationUs: 3_600e6,
  }));
  const long = await assertRejects(
    playlistOf(folder, { segments: days }),
    HttpError,
  );
  assertEquals(long.status, 400);
  assert(long.message.includes("two days"), long.message);
  const range = { startUs: START_US + 60e6 };
  const none = await assertRejects(playlistOf(folder, { range }), HttpError);
  assertEquals(none.status, 404);
});
