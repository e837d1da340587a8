import { DvrPlaylist } from "#protocols/hls/dvr/dvr_playlist.ts";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { HlsPlaylistChecker } from "#test/hls_checker.ts";
import { PAST_START_MS, pastChunk } from "./made_past.ts";

const PREFIX = "0123456789ab";
const HOUR_MS = 3_600_000;

function openPlaylist(windowMs = HOUR_MS) {
  const playlist = new DvrPlaylist(PREFIX, windowMs);
  let wallMs = PAST_START_MS;
  const files = new Set<number>();
  const add = (changes: Parameters<typeof pastChunk>[0] = {}) => {
    const chunk = pastChunk({ startWallMs: wallMs, ...changes });
    wallMs = chunk.startWallMs + chunk.durationSeconds * 1_000;
    files.add(chunk.fileStartUs);
    playlist.add([chunk], files);
    return chunk;
  };
  return { playlist, add, text: () => playlist.text(false, "?dvr=1") };
}

Deno.test("DvrPlaylist keeps the rules of live playlists for hours, with gaps and other headers", () => {
  const { playlist, add, text } = openPlaylist(HOUR_MS / 6);
  const checker = new HlsPlaylistChecker();
  for (let i = 0; i < 800; i++) {
    const isBehindGap = i % 200 === 199;
    add({
      isBehindGap,
      ...isBehindGap && { startWallMs: PAST_START_MS + i * 4_000 + 3_000 },
      durationSeconds: i % 7 === 0 ? 1.98 : 4.016,
      headerKey: i < 500 ? "avc1" : "hvc1",
    });
    const whole = checker.check(text());
    checker.checkDelta(playlist.text(true, "?dvr=1"), whole);
  }
  const { segments } = checker.current;
  const seconds = segments.reduce((sum, one) => sum + one.seconds, 0);
  assert(seconds > 500 && seconds < 604, `${seconds} s`);
  assert(segments[0]!.discontinuity > 0, "gaps have left");
  assertEquals(checker.current.version, 9);
});

Deno.test("DvrPlaylist says what chunks are, and which header they need", () => {
  const { add, text } = openPlaylist();
  add();
  add({ isBehindGap: true });
  add({ headerKey: "hvc1" });
  assertEquals(
    text(),
    `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=24.00000
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="dvr_0123456789ab_init1.mp4?dvr=1"
#EXT-X-PROGRAM-DATE-TIME:2025-06-15T15:06:40.000Z
#EXTINF:4.00000,
dvr_0123456789ab_0.mp4?dvr=1
#EXT-X-DISCONTINUITY
#EXT-X-PROGRAM-DATE-TIME:2025-06-15T15:06:44.000Z
#EXTINF:4.00000,
dvr_0123456789ab_1.mp4?dvr=1
#EXT-X-MAP:URI="dvr_0123456789ab_init2.mp4?dvr=1"
#EXT-X-PROGRAM-DATE-TIME:2025-06-15T15:06:48.000Z
#EXTINF:4.00000,
dvr_0123456789ab_2.mp4?dvr=1
`,
  );
});

Deno.test("DvrPlaylist finds what it has listed, for a while after it has left", () => {
  const { playlist, add } = openPlaylist(60_000);
  const first = add({ isBehindGap: true });
  for (let i = 1; i < 30; i++) add();
  const last = add({ headerKey: "hvc1" });
  const find = (name: string) => playlist.find(`dvr_${PREFIX}_${name}.mp4`);
  assertEquals(find("0"), { kind: "fragments", chunk: first });
  assertEquals(find("30"), { kind: "fragments", chunk: last });
  assertEquals(find("init1"), { kind: "header", chunk: first });
  assertEquals(find("init2"), { kind: "header", chunk: last });
  for (const name of ["31", "init3", "999999999999999", "-1", "x"]) {
    assertEquals(find(name), undefined, name);
  }
  assertEquals(playlist.find("dvr_ba9876543210_0.mp4"), undefined);
  for (let i = 0; i < 100; i++) add({ headerKey: "hvc1" });
  assertEquals(find("0"), undefined);
  assertEquals(find("init1"), undefined);
});

Deno.test("DvrPlaylist lets go of what is deleted, but for the last", () => {
  const { playlist, add, text } = openPlaylist();
  for (let i = 0; i < 5; i++) add();
  const last = add();
  playlist.add(
    [],
    new Set([last.fileStartUs - 4_000_000, last.fileStartUs]),
  );
  assertIncludes(text(), "#EXT-X-MEDIA-SEQUENCE:4\n");
  playlist.add([], new Set());
  assertIncludes(text(), "#EXT-X-MEDIA-SEQUENCE:5\n");
  assert(!playlist.isEmpty, "the last one stays");
});

Deno.test("DvrPlaylist is as long as a live playlist must be, however short its window is", () => {
  const { add, text } = openPlaylist(1_000);
  for (let i = 0; i < 10; i++) add();
  assertEquals(text().match(/#EXTINF/g)?.length, 3);
});

Deno.test("DvrPlaylist promises the longest chunk that it has seen", () => {
  const { playlist, add } = openPlaylist();
  assert(playlist.isEmpty, "nothing yet");
  add();
  add({ durationSeconds: 9.6 });
  assertEquals(playlist.targetSeconds, 10);
});
