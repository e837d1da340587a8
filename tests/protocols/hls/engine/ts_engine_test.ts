import type { HlsEngineOptions } from "#protocols/hls/engine/stream_playlists.ts";
import type { TrackChoice } from "#protocols/hls/engine/track_choice.ts";
import { TsEngine } from "#protocols/hls/engine/ts_engine.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { HlsPlaylistChecker } from "#test/hls_checker.ts";
import { AUDIO, VIDEO } from "#test/units.ts";
import { openScene, push, textOf } from "./engine_scene.ts";

const TS_PACKET_BYTES = 188;

const openTs = (options: HlsEngineOptions, choice: TrackChoice) =>
  new TsEngine(options, choice);

Deno.test("TsEngine keeps the rules of playlists over an outage, each segment with its tables in front", () => {
  const scene = openScene(openTs, { variant: "mpegts" });
  const checker = new HlsPlaylistChecker();
  const { window } = scene.engine.playlists.renditions[0]!;
  let pictures = 0;
  const check = () => {
    if (++pictures % 10 !== 0 || window.mediaSegmentCount === 0) return;
    const { segments } = checker.check(textOf(scene, 0));
    const bytes = window.find(segments.at(-1)!.uri!)!;
    assertEquals(bytes.length % TS_PACKET_BYTES, 0);
    // The association table, then the program map.
    assertEquals([bytes[0], bytes[1]! & 0x1f, bytes[2]], [0x47, 0, 0]);
    assertEquals(bytes[TS_PACKET_BYTES], 0x47);
  };
  push(scene, { fromSeconds: 5, toSeconds: 65, afterPicture: check });
  scene.engine.endEpoch();
  push(scene, {
    fromSeconds: 70,
    toSeconds: 130,
    groupFrames: 40,
    afterPicture: check,
  });
  const { version, segments } = checker.current;
  assertEquals([version, segments.length], [3, 7]);
  assertEquals(segments.at(-1)!.discontinuity, 1);
  assertEquals(scene.errors, []);
  assert(checker.states > 250, `${checker.states} states`);
  const { playlists, summary } = scene.engine;
  const text = playlists.multivariantPlaylist(summary);
  assert(text.includes("FRAME-RATE=25.000"), text);
});

Deno.test("TsEngine has the first viewer wait for two segments [hlsdemux2 of gstreamer 1.22 stops at one]", () => {
  const scene = openScene(openTs, { variant: "mpegts" });
  const { playlists } = scene.engine;
  const { window } = playlists.renditions[0]!;
  const isThere = () => {
    let answer = false;
    playlists.whenContent(window, (isThere) => answer = isThere);
    return answer;
  };
  push(scene, { fromSeconds: 5, toSeconds: 6.5 });
  assertEquals([window.mediaSegmentCount, isThere()], [1, false]);
  push(scene, { fromSeconds: 6.5, toSeconds: 8 });
  assertEquals([window.mediaSegmentCount, isThere()], [2, true]);
});

Deno.test("TsEngine gives the last unit of a publisher its time, even if it is a segment by itself", () => {
  const scene = openScene(openTs, { variant: "mpegts" });
  push(scene, { fromSeconds: 5, toSeconds: 7.04, tracks: [VIDEO] });
  scene.engine.endEpoch();
  const { window } = scene.engine.playlists.renditions[0]!;
  const [last] = window.segments().slice(-1);
  assertEquals(last!.durationSeconds.toFixed(3), "0.040");
});

Deno.test("TsEngine puts each unit into its segment, however many come at once", () => {
  const batches = [1, 50, 1_000].map((unitsPerBatch) => {
    const scene = openScene(openTs, { variant: "mpegts" }, [AUDIO]);
    push(scene, {
      fromSeconds: 5,
      toSeconds: 11.5,
      tracks: [AUDIO],
      unitsPerBatch,
    });
    const { window } = scene.engine.playlists.renditions[0]!;
    return window.segments().map(({ sizeBytes, durationSeconds }) => ({
      sizeBytes,
      durationSeconds,
    }));
  });
  assertEquals(batches[0]!.length, 6);
  assertEquals(batches[1], batches[0]);
  assertEquals(batches[2], batches[0]);
});
