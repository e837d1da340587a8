import type { RecordingConfig } from "#recording/config.ts";
import { Recorder } from "#recording/recorder.ts";
// Loaded when it is needed first: here it is there at once.
import "#recording/path_recorder.ts";
import type { PublishGrant } from "#core/ports.ts";
import type { Publication } from "#core/publication.ts";
import { assertEquals } from "#test/assert.ts";
import { settled } from "#test/fake_clock.ts";
import {
  accessTo,
  sessionOwner,
  type TestPorts,
  testPorts,
} from "#test/test_ports.ts";
import { VIDEO, videoUnit } from "#test/units.ts";
import { FakeDisk } from "./fake_disk.ts";
import { recordingSettings } from "./settings.ts";

interface Scene {
  readonly all: TestPorts;
  readonly disk: FakeDisk;
  readonly recorder: Recorder;
  readonly folder: string;
  /** Publishes to a path: a key frame at once. */
  publish(pathName: string): Promise<PublishGrant>;
  /** Another configuration of the one entry. */
  reload(changes: Partial<RecordingConfig>): void;
  /** Names of the files that are written now, and of those that are complete. */
  files(): Promise<{ open: number; made: number }>;
}

async function withRecorder(
  changes: Partial<RecordingConfig>,
  run: (scene: Scene) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "weir_rec_" });
  using all = testPorts({ paths: { cam: {}, all_others: {} } });
  const disk = new FakeDisk();
  const configOf = (more: Partial<RecordingConfig>) => {
    const settings = recordingSettings({
      recordPath: `${folder}/%path/%s-%f`,
      recordPartDurationMs: 100,
      ...more,
    });
    return { paths: new Map([["cam", settings], ["all_others", settings]]) };
  };
  const { paths, ports: { events, clock, logger } } = all;
  const recorder = new Recorder({
    ...{ config: configOf(changes), paths, events, clock, logger, disk },
  });
  try {
    await run({
      all,
      disk,
      recorder,
      folder,
      async publish(pathName) {
        const grant = await paths.publish(
          accessTo(pathName, { action: "publish" }),
          sessionOwner(logger, "publisher"),
        );
        feed(grant.attach([VIDEO]));
        return grant;
      },
      reload: (more) => recorder.replace(configOf(more)),
      async files() {
        for (let i = 0; i < 5; i++) await settled();
        return { open: disk.openCount, made: disk.created.length };
      },
    });
    await recorder[Symbol.asyncDispose]();
    assertEquals(disk.openCount, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function feed(publication: Publication): void {
  for (let i = 0; i < 10; i++) {
    const isRandomAccess = i === 0;
    publication.publish(VIDEO, videoUnit(i * 3_600, { isRandomAccess }));
  }
  publication.flush();
}

Deno.test("Recorder records a path from its first publisher to its last", async () => {
  await withRecorder({ record: true }, async ({ all, publish, files }) => {
    const grant = await publish("live/1");
    assertEquals(await files(), { open: 1, made: 1 });
    grant.detach();
    assertEquals(await files(), { open: 0, made: 1 });
    feed(grant.attach([VIDEO]));
    assertEquals(await files(), { open: 1, made: 2 });
    grant[Symbol.dispose]();
    assertEquals(await files(), { open: 0, made: 2 });
    const segments = all.events.flatMap((event) =>
      event.type === "segmentCompleted" ? [event.pathName] : []
    );
    assertEquals(segments, ["live/1", "live/1"]);
  });
});

Deno.test("Recorder records nothing where it is not told to", async () => {
  await withRecorder({}, async ({ publish, files }) => {
    await publish("cam");
    assertEquals(await files(), { open: 0, made: 0 });
  });
});

Deno.test("Recorder follows the configuration without a word to publisher and readers", async () => {
  await withRecorder({}, async ({ all, publish, files, reload }) => {
    const grant = await publish("cam");
    reload({ record: true });
    assertEquals(await files(), { open: 1, made: 1 });
    reload({ record: true, recordDeleteAfterMs: 0 });
    assertEquals(await files(), { open: 1, made: 1 });
    reload({ record: true, recordFormat: "mpegts" });
    assertEquals(await files(), { open: 1, made: 2 });
    reload({ record: false });
    assertEquals(await files(), { open: 0, made: 2 });
    assertEquals(grant.revoked.aborted, false);
    const ended = all.events.filter(({ type }) => type === "pathUnavailable");
    assertEquals(ended, []);
  });
});

Deno.test("Recorder takes orders, until the configuration says something else", async () => {
  await withRecorder({}, async ({ publish, files, reload, recorder }) => {
    await publish("cam");
    assertEquals(recorder.order("cam", true), true);
    assertEquals(recorder.order("cam", true), true);
    assertEquals(await files(), { open: 1, made: 1 });
    reload({ recordDeleteAfterMs: 0 });
    assertEquals(await files(), { open: 1, made: 1 });
    recorder.order("cam", false);
    assertEquals(await files(), { open: 0, made: 1 });
    reload({ record: true });
    assertEquals((await files()).open, 1);
    recorder.order("cam", false);
    assertEquals((await files()).open, 0);
    assertEquals(recorder.order("live/none", true), false);
  });
});

Deno.test("Recorder forgets orders with the path, and keeps them for one that stays", async () => {
  await withRecorder({}, async ({ publish, files, recorder }) => {
    recorder.order("cam", true);
    const cam = await publish("cam");
    const other = await publish("live/1");
    recorder.order("live/1", true);
    assertEquals(await files(), { open: 2, made: 2 });
    for (const grant of [cam, other]) grant[Symbol.dispose]();
    assertEquals(await files(), { open: 0, made: 2 });
    await publish("cam");
    await publish("live/1");
    assertEquals(await files(), { open: 1, made: 3 });
  });
});

Deno.test("Recorder records what is there already when it is opened", async () => {
  using all = testPorts();
  const { paths, ports: { events, clock, logger } } = all;
  const grant = await paths.publish(
    accessTo("cam", { action: "publish" }),
    sessionOwner(logger, "publisher"),
  );
  feed(grant.attach([VIDEO]));
  const disk = new FakeDisk();
  const settings = recordingSettings({
    record: true,
    recordPath: "/none/%path/%s",
  });
  const recorder = new Recorder({
    ...{ paths, events, clock, logger, disk },
    config: { paths: new Map([["all_others", settings]]) },
  });
  for (let i = 0; i < 5; i++) await settled();
  await recorder[Symbol.asyncDispose]();
  assertEquals(disk.created.length, 1);
});

Deno.test("Recorder may end before it has begun", async () => {
  await withRecorder({ record: true }, async ({ publish, disk, recorder }) => {
    await publish("cam");
    await recorder[Symbol.asyncDispose]();
    assertEquals(disk.openCount, 0);
  });
});

Deno.test("Recorder records to another disk while one hangs", async () => {
  await withRecorder({ record: true }, async (scene) => {
    const { disk, publish, files, reload, folder } = scene;
    const { promise: hold, resolve: release } = Promise.withResolvers<void>();
    disk.hold = hold;
    await publish("cam");
    assertEquals(await files(), { open: 0, made: 0 });
    disk.hold = undefined;
    reload({ record: true, recordPath: `${folder}/other/%path/%s-%f` });
    assertEquals(await files(), { open: 1, made: 1 });
    release();
    assertEquals(await files(), { open: 1, made: 2 });
  });
});

Deno.test("Recorder ends although the disk hangs, and as late as need be while it works", async () => {
  await withRecorder({ record: true }, async (scene) => {
    const { all: { clock, lines }, disk, publish, files, recorder } = scene;
    const steps = Array.from(
      { length: 3 },
      () => Promise.withResolvers<void>(),
    );
    disk.hold = steps[0]!.promise;
    await publish("cam");
    await files();
    let hasEnded = false;
    const ended = recorder[Symbol.asyncDispose]().then(() => hasEnded = true);
    await files();
    for (const [i, { resolve }] of steps.slice(0, -1).entries()) {
      clock.advance(1_400);
      disk.hold = steps[i + 1]!.promise;
      resolve();
      await files();
      clock.advance(250);
      await files();
      assertEquals(hasEnded, false);
    }
    clock.advance(1_500);
    await ended;
    const isTold = (line: string) => line.includes("the disk hangs");
    assertEquals(lines.filter(isTold).length, 1);
    disk.hold = undefined;
    steps.at(-1)!.resolve();
    assertEquals((await files()).open, 0);
  });
});
