import type { Publication } from "#core/publication.ts";
import type { Track } from "#core/track.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { START_WALL_MS } from "#test/fake_clock.ts";
import {
  AUDIO,
  AUDIO_FRAME_TICKS,
  audioUnit,
  CollectingSink,
  noLimits,
  publishPicture,
  testStream,
  VIDEO,
  VIDEO_FRAME_TICKS,
  videoUnit,
} from "#test/units.ts";

interface Published {
  readonly publication: Publication;
  readonly sink: CollectingSink;
  readonly clock: ReturnType<typeof testStream>["clock"];
  readonly warnings: readonly string[];
}

function published(tracks: readonly Track[] = [VIDEO, AUDIO]): Published {
  const { stream, clock, warnings } = testStream();
  const publication = stream.attach(tracks);
  const sink = new CollectingSink();
  stream.subscribe(sink, noLimits()).resume();
  return { publication, sink, clock, warnings };
}

/** Track ids of each batch, and whether a reader may start there. */
function shape({ batches }: CollectingSink): string[] {
  return batches.map((batch) =>
    (batch.isRandomAccess ? "*" : "") +
    batch.units.map(({ trackId }) => trackId === VIDEO.id ? "v" : "a").join("")
  );
}

Deno.test("Publication.flush() lets audio ride with the next picture", () => {
  const { publication, sink, clock } = published();
  publishPicture(publication, 0, { isRandomAccess: true });
  publication.publish(AUDIO, audioUnit(0));
  publication.flush();
  clock.advance(14);
  publication.publish(AUDIO, audioUnit(AUDIO_FRAME_TICKS));
  publication.flush();
  assertEquals(shape(sink), ["*v"]);
  publishPicture(publication, VIDEO_FRAME_TICKS);
  assertEquals(shape(sink), ["*v", "aav"]);
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("Publication.flush() lets audio wait for 15 ms at most", () => {
  const { publication, sink, clock } = published();
  publishPicture(publication, 0, { isRandomAccess: true });
  publication.publish(AUDIO, audioUnit(0));
  publication.flush();
  clock.advance(10);
  publication.publish(AUDIO, audioUnit(AUDIO_FRAME_TICKS));
  publication.flush();
  clock.advance(4.9);
  assertEquals(shape(sink), ["*v"]);
  clock.advance(0.1);
  assertEquals(shape(sink), ["*v", "aa"]);
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("Publication.flush() hands audio over at once where there is no video", () => {
  const { publication, sink, clock } = published([AUDIO]);
  publication.publish(AUDIO, audioUnit(0));
  publication.flush();
  publication.publish(AUDIO, audioUnit(AUDIO_FRAME_TICKS));
  publication.publish(AUDIO, audioUnit(2 * AUDIO_FRAME_TICKS));
  publication.flush();
  assertEquals(shape(sink), ["*a", "*aa"]);
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("Publication.publish() begins a batch at each random access unit of the leading track", () => {
  const { publication, sink } = published();
  publishPicture(publication, 0, { isRandomAccess: true });
  publication.publish(AUDIO, audioUnit(0));
  publication.publish(VIDEO, videoUnit(VIDEO_FRAME_TICKS));
  publication.publish(
    VIDEO,
    videoUnit(2 * VIDEO_FRAME_TICKS, { isRandomAccess: true }),
  );
  publication.publish(AUDIO, audioUnit(AUDIO_FRAME_TICKS));
  publication.publish(
    VIDEO,
    videoUnit(3 * VIDEO_FRAME_TICKS, { isRandomAccess: true }),
  );
  publication.flush();
  assertEquals(shape(sink), ["*v", "av", "*va", "*v"]);
});

Deno.test("Publication.publish() lets the first video track lead", () => {
  const second = { ...VIDEO, id: 2 };
  const { publication, sink } = published([AUDIO, VIDEO, second]);
  publishPicture(publication, 0, { isRandomAccess: true });
  publication.publish(second, videoUnit(0, { isRandomAccess: true }));
  publication.flush();
  publishPicture(publication, VIDEO_FRAME_TICKS);
  const batches = sink.batches.map((batch) => [
    batch.isRandomAccess,
    batch.units.map(({ trackId }) => trackId),
  ]);
  assertEquals(batches, [[true, [0]], [false, [2, 0]]]);
});

Deno.test("Publication.publish() keeps what it is given, on the stream's time", () => {
  const { publication, sink, clock } = published();
  const unit = videoUnit(900_000, {
    isRandomAccess: true,
    ptsTicks: 907_200,
    sizeBytes: 33,
  });
  clock.advance(3);
  publication.publish(VIDEO, unit);
  publication.flush();
  assertEquals(sink.units, [{
    trackId: VIDEO.id,
    ptsTicks: 97_200,
    dtsTicks: 90_000,
    wallClockMs: START_WALL_MS + 3,
    isRandomAccess: true,
    sizeBytes: 33,
    origin: unit.origin,
  }]);
});

Deno.test("Publication.setTracks() takes effect with the next batch", () => {
  const { publication, sink } = published();
  publishPicture(publication, 0, { isRandomAccess: true });
  publication.publish(AUDIO, audioUnit(0));
  const renewed = [{ ...VIDEO }, AUDIO];
  publication.setTracks(renewed);
  publishPicture(publication, VIDEO_FRAME_TICKS);
  publishPicture(publication, 2 * VIDEO_FRAME_TICKS);
  assertEquals(shape(sink), ["*v", "a", "v", "v"]);
  assertEquals(
    sink.batches.map(({ tracksChanged }) => tracksChanged),
    [true, false, true, false],
  );
  assert(sink.batches[2]!.tracks === renewed);
  assert(publication.tracks === renewed);
});

Deno.test("Publication.setTracks() lets a video track lead that came late", () => {
  const { publication, sink } = published([AUDIO]);
  publication.publish(AUDIO, audioUnit(0));
  publication.flush();
  publication.setTracks([VIDEO, AUDIO]);
  publication.publish(AUDIO, audioUnit(AUDIO_FRAME_TICKS));
  publication.flush();
  publishPicture(publication, 1_920, { isRandomAccess: true });
  assertEquals(shape(sink), ["*a", "a", "*v"]);
});

Deno.test("Publication.publish() warns of each jump of the publisher's clock", () => {
  const { publication, sink, warnings } = published();
  publishPicture(publication, 0, { isRandomAccess: true });
  publishPicture(publication, 100 * 90_000);
  publishPicture(publication, 100 * 90_000 + VIDEO_FRAME_TICKS);
  assertEquals(warnings, [
    "the publisher's timestamps jumped 1 time(s), they go on without a gap",
  ]);
  assertEquals(sink.timesMs, [1_000, 1_001, 1_041]);
});

Deno.test("Publication[Symbol.dispose]() hands over what waits and ignores what comes then", () => {
  const { publication, sink, clock } = published();
  publishPicture(publication, 0, { isRandomAccess: true });
  publication.publish(AUDIO, audioUnit(0));
  publication.flush();
  publication[Symbol.dispose]();
  publication[Symbol.dispose]();
  publishPicture(publication, VIDEO_FRAME_TICKS);
  publication.setTracks([AUDIO]);
  clock.advance(1_000);
  assertEquals(shape(sink), ["*v", "a"]);
  assertEquals(clock.pendingTimers, 0);
});
