import { EventBus } from "#base/event_bus.ts";
import { createLogger } from "#base/log.ts";
import type { ServerEvent } from "#core/ports.ts";
import type { Publication } from "#core/publication.ts";
import type { Track } from "#core/track.ts";
import type { RecordingConfig } from "#recording/config.ts";
import { PathRecorder } from "#recording/path_recorder.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { settled } from "#test/fake_clock.ts";
import { type TestStream, testStream, VIDEO, videoUnit } from "#test/units.ts";
import { FakeDisk } from "./fake_disk.ts";
import { recordingSettings } from "./settings.ts";

interface Scene extends TestStream {
  readonly disk: FakeDisk;
  readonly recorder: PathRecorder;
  readonly publication: Publication;
  readonly lines: string[];
  readonly events: ServerEvent[];
  readonly openFiles: Set<string>;
}

function scene(
  changes: Partial<RecordingConfig> = {},
  tracks: readonly Track[] = [VIDEO],
): Scene {
  const test = testStream();
  const disk = new FakeDisk();
  const lines: string[] = [];
  const events: ServerEvent[] = [];
  const bus = new EventBus<ServerEvent>();
  bus.listen((event) => events.push(event));
  const openFiles = new Set<string>();
  const publication = test.stream.attach(tracks);
  const recorder = new PathRecorder({
    pathName: "cam",
    confName: "~(.*)",
    groups: ["cam"],
    stream: test.stream,
    settings: recordingSettings({
      recordPath: "/rec/%path/%s-%f",
      recordPartDurationMs: 200,
      ...changes,
    }),
    disk,
    clock: test.clock,
    logger: createLogger(
      (level, text) => lines.push(`${level}: ${text}`),
      "info",
    ),
    events: bus,
    after: Promise.resolve(),
    openFiles,
  });
  return { ...test, disk, recorder, publication, lines, events, openFiles };
}

/** Publishes pictures of 40 ms; the disk has its time meanwhile. */
async function publish(
  { publication, clock }: Scene,
  from: number,
  to: number,
): Promise<void> {
  for (let i = from; i < to; i++) {
    const isRandomAccess = i % 25 === 0;
    publication.publish(VIDEO, videoUnit(i * 3_600, { isRandomAccess }));
    publication.flush();
    clock.advance(40);
    await settled();
  }
}

/** Types of events, with what tells more. */
function brief(events: readonly ServerEvent[]): unknown[] {
  return events.map((event) =>
    event.type === "failed"
      ? [event.kind, event.subject, event.reason]
      : [event.type, "file" in event && event.file]
  );
}

for (
  const [recordFormat, extension] of [["fmp4", "mp4"], [
    "mpegts",
    "ts",
  ]] as const
) {
  Deno.test(`PathRecorder records ${recordFormat} until the stream ends`, async () => {
    const all = scene({ recordFormat });
    await publish(all, 0, 30);
    all.stream.endReaders("end");
    await all.recorder.settled;
    const file = `/rec/cam/1750000000-000000.${extension}`;
    assertEquals(all.disk.created, [file]);
    assertEquals([all.disk.openCount, all.openFiles.size], [0, 0]);
    assertEquals(brief(all.events), [
      ["segmentCreated", file],
      ["segmentCompleted", file],
    ]);
    const completed = all.events[1]!;
    assert(completed.type === "segmentCompleted");
    assertEquals([completed.confName, completed.groups], ["~(.*)", ["cam"]]);
    assert(Math.abs(completed.durationMs - 1_200) <= 40);
    assertEquals(all.lines, [
      "info: recording 1 track (H264)",
      "info: recording stopped",
    ]);
    assertEquals([all.clock.pendingTimers, all.stream.readers.size], [0, 0]);
  });
}

Deno.test("PathRecorder stops when it is told to, the stream goes on", async () => {
  const all = scene();
  await publish(all, 0, 10);
  all.recorder.stop();
  all.recorder.stop();
  await publish(all, 10, 30);
  assertEquals(all.stream.readers.size, 0);
  assertEquals(brief(all.events).length, 2);
});

Deno.test("PathRecorder skips tracks that the format does not carry, and all of them", async () => {
  const other: Track = { ...VIDEO, id: 7, codec: { codec: "vp8" } };
  const some = scene({}, [other, VIDEO]);
  assertEquals(some.lines, [
    "warn: skipping track 1 (VP8)",
    "info: recording 1 track (H264)",
  ]);
  some.recorder.stop();
  const none = scene({}, [other]);
  assertEquals(none.lines.slice(1), [
    "warn: no supported tracks found, skipping recording",
  ]);
  none.recorder.stop();
  await none.recorder.settled;
  assertEquals(none.stream.readers.size, 0);
});

Deno.test("PathRecorder tells when a disk fails, and begins anew after a pause", async () => {
  const all = scene();
  await publish(all, 0, 10);
  all.disk.failure = new Error("Cannot write: no space left");
  await publish(all, 10, 20);
  assertEquals(all.stream.readers.size, 0);
  assertEquals(brief(all.events).slice(1), [
    ["recording", "cam", "Cannot write: no space left"],
  ]);
  // The first pause lasts two seconds, the next one four.
  all.clock.advance(2_000);
  await publish(all, 25, 40);
  assertEquals(brief(all.events).length, 3);
  all.disk.failure = undefined;
  all.clock.advance(3_000);
  await settled();
  assertEquals(all.stream.readers.size, 0);
  all.clock.advance(1_000);
  await settled();
  assertEquals(all.stream.readers.size, 1);
  await publish(all, 150, 170);
  all.stream.endReaders("end");
  await all.recorder.settled;
  // The file of the failure has its whole parts; those of failures without any are gone.
  assertEquals(all.disk.files.size, 2);
  assertEquals([all.disk.openCount, all.openFiles.size], [0, 0]);
});

Deno.test("PathRecorder holds nobody up while the disk hangs, and opens no second file meanwhile", async () => {
  const all = scene();
  const { promise, resolve } = Promise.withResolvers<void>();
  await publish(all, 0, 10);
  all.disk.hold = promise;
  await publish(all, 10, 300);
  assertEquals(all.stream.readers.size, 0);
  assertEquals(brief(all.events).slice(1), [
    ["recording", "cam", "the disk hangs: it has not answered for 10000 ms"],
  ]);
  all.clock.advance(600_000);
  await settled();
  assertEquals([all.stream.readers.size, all.disk.openCount], [0, 1]);
  all.disk.hold = undefined;
  resolve();
  await settled();
  // The first file is closed, and the next one begins with the group of pictures that is kept.
  assertEquals([all.stream.readers.size, all.disk.openCount], [1, 1]);
  assertEquals(all.disk.created.length, 2);
  all.recorder.stop();
  await all.recorder.settled;
});
