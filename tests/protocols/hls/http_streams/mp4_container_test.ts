import type { MediaWriter } from "#protocols/hls/http_streams/media_writer.ts";
import { mp4Container } from "#protocols/hls/http_streams/mp4_container.ts";
import type { Track } from "#core/track.ts";
import { assert, assertEquals } from "#test/assert.ts";
import {
  AUDIO,
  audioUnit,
  CollectingSink,
  H264_REORDERED_PARAMETERS,
  noLimits,
  publishPicture,
  type TestStream,
  testStream,
  VIDEO,
  videoUnit,
} from "#test/units.ts";

const FRAME_TICKS = 3_600;

const CHANGED: Track = { ...VIDEO, codec: H264_REORDERED_PARAMETERS };

const LPCM: Track = {
  id: 5,
  kind: "audio",
  codec: { codec: "lpcm", bitDepth: 16, sampleRateHz: 48_000, channelCount: 2 },
  clockRateHz: 48_000,
} as Track;

function open(
  { stream }: TestStream,
  isScript: boolean,
  ends: string[] = [],
): MediaWriter {
  const writer = mp4Container.open({
    stream,
    isScript,
    onEnd: (reason) => ends.push(reason),
  });
  assert(writer !== undefined, "a writer");
  return writer;
}

function collect(of: TestStream): CollectingSink {
  const sink = new CollectingSink();
  of.stream.subscribe(sink, noLimits()).resume();
  return sink;
}

/** Names of the boxes at the top. */
function boxesOf(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const names: string[] = [];
  for (let at = 0; at < bytes.length; at += view.getUint32(at)) {
    names.push(new TextDecoder().decode(bytes.subarray(at + 4, at + 8)));
  }
  return names;
}

/** Where a run begins and how long its samples last, in ticks. */
function runsOf(fragment: Uint8Array): { at: number; durations: number[] }[] {
  const view = new DataView(
    fragment.buffer,
    fragment.byteOffset,
    fragment.length,
  );
  const runs: { at: number; durations: number[] }[] = [];
  const named = (name: string, at: number) =>
    new TextDecoder().decode(fragment.subarray(at, at + 4)) === name;
  for (let at = 0; at < fragment.length - 4; at++) {
    if (named("tfdt", at)) {
      runs.push({ at: Number(view.getBigUint64(at + 8)), durations: [] });
    }
    if (!named("trun", at)) continue;
    const flags = view.getUint32(at + 4) & 0xffffff;
    const fields = [0x100, 0x200, 0x400, 0x800].filter((one) => flags & one);
    for (let i = 0; i < view.getUint32(at + 8); i++) {
      const sampleAt = at + 16 + i * fields.length * 4;
      runs.at(-1)!.durations.push(view.getUint32(sampleAt));
    }
  }
  return runs;
}

Deno.test("mp4Container writes the header, then a fragment a batch that all share", () => {
  const scene = testStream();
  const sink = collect(scene);
  using publication = scene.stream.attach([VIDEO, AUDIO]);
  const [one, other] = [open(scene, false), open(scene, false)];
  const written: (readonly Uint8Array[])[] = [];
  for (let i = 0; i < 3; i++) {
    publication.publish(
      VIDEO,
      videoUnit(i * FRAME_TICKS, { isRandomAccess: i === 0 }),
    );
    publication.publish(AUDIO, audioUnit(i * 1_920));
    publication.flush();
    written.push(one.write(sink.batches[i]!));
  }
  assertEquals(written.map((pieces) => pieces.map(boxesOf)), [
    [["ftyp", "moov"], ["moof", "mdat"]],
    [["moof", "mdat"]],
    [["moof", "mdat"]],
  ]);
  assert(other.write(sink.batches[0]!)[1] === written[0]![1], "the same bytes");
  assertEquals(one.mimeType, 'video/mp4; codecs="avc1.42c01e,mp4a.40.2"');
  assertEquals(runsOf(written[2]![0]!), [
    { at: 90_000 + 2 * FRAME_TICKS, durations: [FRAME_TICKS] },
    { at: 48_000 + 2 * 1_920, durations: [1_024] },
  ]);
});

Deno.test("mp4Container knows from the next batch how long a sample of the past lasts", () => {
  const scene = testStream();
  const sink = collect(scene);
  using publication = scene.stream.attach([VIDEO]);
  publishPicture(publication, 0, { isRandomAccess: true });
  publishPicture(publication, 5_000);
  const [, fragment] = open(scene, false).write(sink.batches[0]!);
  assertEquals(runsOf(fragment!), [{ at: 90_000, durations: [5_000] }]);
});

Deno.test("mp4Container ends a file whose tracks change", () => {
  const scene = testStream();
  const sink = collect(scene);
  using publication = scene.stream.attach([VIDEO]);
  const ends: string[] = [];
  const writer = open(scene, false, ends);
  publishPicture(publication, 0, { isRandomAccess: true });
  publication.setTracks([{ ...VIDEO }]);
  publishPicture(publication, FRAME_TICKS, { isRandomAccess: true });
  publication.setTracks([CHANGED]);
  publishPicture(publication, 2 * FRAME_TICKS, { isRandomAccess: true });
  const [first, same, changed] = sink.batches.map((one) => writer.write(one));
  assertEquals([first, same, changed].map((pieces) => pieces!.length), [
    2,
    1,
    0,
  ]);
  assertEquals(ends.length, 1);
});

Deno.test("mp4Container gives a script another header when the tracks change", () => {
  const scene = testStream();
  const sink = collect(scene);
  using publication = scene.stream.attach([VIDEO, AUDIO]);
  const writer = open(scene, true);
  publishPicture(publication, 0, { isRandomAccess: true });
  publication.setTracks([CHANGED, AUDIO]);
  publishPicture(publication, FRAME_TICKS, { isRandomAccess: true });
  const types = sink.batches.map((batch) => {
    assertEquals(writer.write(batch).map(boxesOf), [
      ["ftyp", "moov"],
      ["moof", "mdat"],
    ]);
    return writer.mimeType;
  });
  assertEquals(types, [
    'video/mp4; codecs="avc1.42c01e,mp4a.40.2"',
    'video/mp4; codecs="avc1.640028,mp4a.40.2"',
  ]);
});

Deno.test("mp4Container gives scripts one track of each kind that browsers decode", () => {
  const scene = testStream();
  using _publication = scene.stream.attach([
    LPCM,
    VIDEO,
    { ...VIDEO, id: 7 },
    AUDIO,
  ]);
  assertEquals(open(scene, true).tracks, [VIDEO, AUDIO]);
  assertEquals(open(scene, false).tracks.length, 4);
});

Deno.test("mp4Container waits for parameters at a batch where readers may start, then does without", () => {
  const scene = testStream();
  const sink = collect(scene);
  const unknown: Track = {
    ...VIDEO,
    codec: { codec: "h264", sps: [], pps: [] },
  };
  using publication = scene.stream.attach([unknown, AUDIO]);
  const writer = open(scene, false);
  publishPicture(publication, 0, { isRandomAccess: true });
  publication.publish(AUDIO, audioUnit(0));
  publishPicture(publication, FRAME_TICKS);
  scene.clock.advance(2_000);
  publication.publish(AUDIO, audioUnit(96_000));
  publishPicture(publication, 180_000, { isRandomAccess: true });
  publication.publish(AUDIO, audioUnit(97_024));
  publishPicture(publication, 183_600);
  const written = sink.batches.map((batch) => writer.write(batch));
  const counts = written.map((pieces) => pieces.length);
  assertEquals(counts.slice(0, 2), [0, 0]);
  assertEquals(writer.tracks, [AUDIO]);
  assert(counts.slice(2).some((count) => count > 0), `${counts}`);
});
