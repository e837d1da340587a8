import { Fmp4Engine } from "#protocols/hls/engine/fmp4_engine.ts";
import type { HlsEngineOptions } from "#protocols/hls/engine/stream_playlists.ts";
import {
  chooseTracks,
  type TrackChoice,
} from "#protocols/hls/engine/track_choice.ts";
import { HlsMuxerError } from "#protocols/hls/engine/errors.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import {
  fragmentTimes,
  HlsPlaylistChecker,
  readMediaPlaylist,
} from "#test/hls_checker.ts";
import { AUDIO, H264_REORDERED_PARAMETERS, VIDEO } from "#test/units.ts";
import { openScene, push, textOf } from "./engine_scene.ts";

const openFmp4 = (options: HlsEngineOptions, choice: TrackChoice) =>
  new Fmp4Engine(options, choice);

Deno.test("Fmp4Engine keeps the rules of playlists for an hour, with outages and other parameters", () => {
  const scene = openScene(openFmp4, { segmentCount: 10 });
  const checkers = [new HlsPlaylistChecker(), new HlsPlaylistChecker()];
  let pictures = 0;
  const check = () => {
    if (++pictures % 37 !== 0) return;
    for (const [i, checker] of checkers.entries()) {
      const window = scene.engine.playlists.renditions[i]!.window;
      if (window.mediaSegmentCount === 0) return;
      const whole = checker.check(textOf(scene, i));
      checker.checkDelta(textOf(scene, i, true), whole);
      for (const { uri } of whole.segments.slice(-1)) {
        assert(uri === "gap.mp4" || window.find(uri!), `${uri} is there`);
      }
    }
  };
  const other = { ...VIDEO, codec: H264_REORDERED_PARAMETERS };
  const common = { afterPicture: check, isRounded: true, framesPerSecond: 30 };
  push(scene, { fromSeconds: 2, toSeconds: 602, groupFrames: 30, ...common });
  scene.engine.endEpoch();
  push(scene, {
    fromSeconds: 610,
    toSeconds: 1210,
    groupFrames: 30,
    ...common,
  });
  scene.engine.setChoice(chooseTracks([other, AUDIO], "lowLatency"));
  push(scene, {
    ...common,
    fromSeconds: 1_210,
    toSeconds: 1_810,
    groupFrames: 45,
    tracks: [other, AUDIO],
  });
  push(scene, {
    ...common,
    fromSeconds: 1_810,
    toSeconds: 3_610,
    groupFrames: 60,
    tracks: [other, AUDIO],
  });
  assertEquals(scene.errors, []);
  assertEquals(scene.warnings, ["segment duration changed from 1s to 2s"]);
  const [video, audio] = checkers.map(({ current }) => current);
  assertEquals(video!.segments.at(-1)!.discontinuity, 2);
  assertEquals(video!.segments.at(-1)!.msn, audio!.segments.at(-1)!.msn);
  assertEquals(checkers.map(({ shortParts }) => shortParts), [0, 0]);
  assert(checkers[0]!.states > 2_500, `${checkers[0]!.states} states`);
});

Deno.test("Fmp4Engine lists what is in the files: parts follow each other and make up their segment", () => {
  const scene = openScene(openFmp4);
  push(scene, { fromSeconds: 3, toSeconds: 9.5 });
  for (const [i, clockRateHz] of [90_000, 48_000].entries()) {
    const { window } = scene.engine.playlists.renditions[i]!;
    const { segments, open } = readMediaPlaylist(textOf(scene, i));
    const parts = [...segments, open!].flatMap((segment) => segment.parts);
    let endTicks: number | undefined;
    for (const { uri, seconds } of parts) {
      const times = fragmentTimes(window.find(uri)!);
      assertEquals(times.startTicks, endTicks ?? times.startTicks, uri);
      endTicks = times.startTicks + times.durationTicks;
      assert(Math.abs(times.durationTicks / clockRateHz - seconds) < 0.000_01);
    }
    for (const { uri, isGap, parts } of segments.slice(-2)) {
      assertEquals(isGap, false);
      const bytes = window.find(uri!)!;
      const joined = parts.flatMap((part) => [...window.find(part.uri)!]);
      assertEquals([...bytes], joined);
    }
  }
});

Deno.test("Fmp4Engine begins at a key frame, ten seconds into the files, and with the sound of that time", () => {
  const scene = openScene(openFmp4, { variant: "fmp4" });
  push(scene, { fromSeconds: 1, toSeconds: 1.5, tracks: [AUDIO] });
  push(scene, { fromSeconds: 1.5, toSeconds: 5 });
  for (const [i, clockRateHz] of [90_000, 48_000].entries()) {
    const { window } = scene.engine.playlists.renditions[i]!;
    const [first] = readMediaPlaylist(textOf(scene, i)).segments;
    const { startTicks } = fragmentTimes(window.find(first!.uri!)!);
    assertEquals(startTicks, 10 * clockRateHz);
  }
});

Deno.test("Fmp4Engine fills the place of sound that does not come with gaps", () => {
  const scene = openScene(openFmp4);
  push(scene, { fromSeconds: 0, toSeconds: 6, tracks: [VIDEO, AUDIO] });
  const silent = [VIDEO, AUDIO].slice(0, 1);
  push(scene, { fromSeconds: 6, toSeconds: 12, tracks: silent });
  const [video, audio] = [0, 1].map((i) =>
    readMediaPlaylist(textOf(scene, i)).segments.at(-1)!
  );
  assert(video!.msn - audio!.msn <= 1, `${video!.msn} ${audio!.msn}`);
  assertEquals([video!.isGap, audio!.isGap], [false, true]);
});

Deno.test("Fmp4Engine has players wait for sound that is late, but not for sound that has ended", async () => {
  const scene = openScene(openFmp4, { variant: "fmp4" });
  const { engine: { playlists } } = scene;
  const [video, audio] = playlists.renditions.map(({ window }) => window);
  const content = () =>
    new Promise<boolean>((resolve) => playlists.whenContent(audio!, resolve));
  const numbers = () => [video!.nextMsn, audio!.nextMsn];
  const pushPictures = (fromSeconds: number) =>
    push(scene, {
      fromSeconds,
      toSeconds: fromSeconds + 1,
      tracks: [VIDEO],
    });
  push(scene, { fromSeconds: 0, toSeconds: 4.5 });
  pushPictures(4.5);
  pushPictures(5.5);
  const late = content();
  assertEquals(numbers(), [5, 4]);
  pushPictures(6.5);
  assertEquals([await late, ...numbers()], [true, 6, 5]);
  pushPictures(7.5);
  pushPictures(8.5);
  assertEquals([await content(), ...numbers()], [true, 8, 7]);
  scene.engine.endEpoch();
  assertEquals([await content(), ...numbers()], [true, 9, 9]);
});

Deno.test("Fmp4Engine offers no sound to choose that never came [cameras with their microphone off]", () => {
  for (const variant of ["fmp4", "lowLatency"] as const) {
    const scene = openScene(openFmp4, { variant });
    const { playlists } = scene.engine;
    push(scene, { fromSeconds: 0, toSeconds: 4.5, tracks: [VIDEO] });
    const silent = playlists.multivariantPlaylist(scene.engine.summary);
    assert(!silent.includes("audio") && !silent.includes("mp4a"), silent);
    push(scene, { fromSeconds: 4.5, toSeconds: 7 });
    assertEquals(playlists.renditions[1]!.window.isSilent, false);
    const whole = playlists.multivariantPlaylist(scene.engine.summary);
    assert(whole.includes('URI="audio2_stream.m3u8'), whole);
    assert(/CODECS="avc1\.[0-9a-f]{6},mp4a\.40\.2"/.test(whole), whole);
  }
});

Deno.test("Fmp4Engine makes segments of sound alone", () => {
  const scene = openScene(openFmp4, {}, [AUDIO]);
  push(scene, { fromSeconds: 0, toSeconds: 6, tracks: [AUDIO] });
  const checker = new HlsPlaylistChecker();
  const { segments } = checker.check(textOf(scene, 0));
  assertEquals(segments.at(-1)!.uri!.includes("_audio1_seg"), true);
  const { playlists, summary } = scene.engine;
  assert(
    playlists.multivariantPlaylist(summary).includes('CODECS="mp4a.40.2"'),
  );
});

Deno.test("Fmp4Engine ends when a segment is too large", () => {
  const scene = openScene(openFmp4, { maxSegmentBytes: 300 });
  const error = assertThrows(
    () => push(scene, { fromSeconds: 0, toSeconds: 2 }),
    HlsMuxerError,
  );
  assertEquals(error.code, "segment_too_large");
});

Deno.test("Fmp4Engine keeps no more than its window and two segments", () => {
  const scene = openScene(openFmp4);
  const { window } = scene.engine.playlists.renditions[0]!;
  const names: string[] = [];
  const afterPicture = () => {
    const name = window.segments().at(-1)?.name;
    if (name !== undefined && name !== names.at(-1)) names.push(name);
  };
  push(scene, { fromSeconds: 0, toSeconds: 30.5, afterPicture });
  const kept = names.filter((name) => window.find(name) !== undefined);
  assertEquals(kept, names.slice(-9));
  const parts = Array.from(
    { length: window.nextPartNumber },
    (_, i) => window.find(`000000000003_video1_part${i}.mp4`),
  );
  assert(parts.filter((part) => part !== undefined).length < 25);
});
