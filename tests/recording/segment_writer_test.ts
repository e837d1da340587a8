import { SegmentWriter } from "#recording/segment_writer.ts";
import { assertEquals } from "#test/assert.ts";
import { FakeClock, settled } from "#test/fake_clock.ts";
import { FakeDisk } from "./fake_disk.ts";

interface Scene {
  readonly disk: FakeDisk;
  readonly clock: FakeClock;
  readonly writer: SegmentWriter;
  readonly openFiles: Set<string>;
  /** What the writer tells. */
  readonly told: string[];
}

function scene(options: {
  readonly nameOf?: (startUs: number) => string;
  readonly after?: Promise<void>;
} = {}): Scene {
  const disk = new FakeDisk();
  const clock = new FakeClock();
  const told: string[] = [];
  const openFiles = new Set<string>();
  const writer = new SegmentWriter({
    disk,
    clock,
    maxWaitingBytes: 10,
    nameOf: options.nameOf ?? ((startUs) => `/rec/${startUs}.mp4`),
    after: options.after ?? Promise.resolve(),
    openFiles,
    onCreated: (file) =>
      told.push(`created ${file} ${disk.files.get(file)?.length}`),
    onCompleted: (file, durationMs) =>
      told.push(`completed ${file} ${durationMs}`),
    onFailure: (reason) => told.push(`failed: ${reason}`),
  });
  return { disk, clock, writer, openFiles, told };
}

const bytes = (...values: number[]) => Uint8Array.from(values);

Deno.test("SegmentWriter writes one file after the other and tells of each", async () => {
  const { disk, writer, told, openFiles, clock } = scene();
  writer.begin(1.5);
  writer.write(bytes(1, 2, 3));
  await settled();
  assertEquals([...openFiles], ["/rec/1500.mp4"]);
  writer.write(bytes(4));
  writer.end(2_000, { offsetBytes: 1, bytes: bytes(9) });
  writer.begin(2);
  writer.write(bytes(5));
  writer.end(100);
  await writer.settled;
  assertEquals(disk.files.get("/rec/1500.mp4"), bytes(1, 9, 3, 4));
  assertEquals(disk.files.get("/rec/2000.mp4"), bytes(5));
  assertEquals(told, [
    "created /rec/1500.mp4 0",
    "completed /rec/1500.mp4 2000",
    "created /rec/2000.mp4 0",
    "completed /rec/2000.mp4 100",
  ]);
  assertEquals([disk.openCount, openFiles.size, clock.pendingTimers], [
    0,
    0,
    0,
  ]);
});

Deno.test("SegmentWriter waits for what comes before", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { disk, writer } = scene({ after: promise });
  writer.begin(1);
  await settled();
  assertEquals(disk.created, []);
  resolve();
  await writer.settled;
  assertEquals(disk.created, ["/rec/1000.mp4"]);
});

Deno.test("SegmentWriter leaves a file alone that is there, and begins a microsecond later", async () => {
  const { disk, writer } = scene();
  disk.files.set("/rec/1000.mp4", bytes(7));
  writer.begin(1);
  writer.write(bytes(8));
  writer.end(1);
  await writer.settled;
  assertEquals(disk.files.get("/rec/1000.mp4"), bytes(7));
  assertEquals(disk.files.get("/rec/1001.mp4"), bytes(8));
});

Deno.test("SegmentWriter replaces a file whose name has no microseconds", async () => {
  const nameOf = (startUs: number) => `/rec/${Math.floor(startUs / 1e6)}.ts`;
  const { disk, writer } = scene({ nameOf });
  disk.files.set("/rec/1.ts", bytes(7));
  writer.begin(1_000);
  writer.write(bytes(8));
  await writer.settled;
  assertEquals(disk.files.get("/rec/1.ts"), bytes(8));
});

Deno.test("SegmentWriter cuts a file whose writing fails behind its last whole part", async () => {
  const { disk, writer, told, openFiles } = scene();
  writer.begin(1);
  writer.write(bytes(1, 2));
  await writer.settled;
  disk.failure = new Error("Cannot write: no space left");
  writer.write(bytes(3, 4, 5, 6));
  await writer.settled;
  assertEquals(disk.files.get("/rec/1000.mp4"), bytes(1, 2));
  assertEquals(told.slice(1), ["failed: Cannot write: no space left"]);
  assertEquals([disk.openCount, openFiles.size], [0, 0]);
  writer.write(bytes(1));
  writer.end(1);
  await writer.settled;
  assertEquals(told.length, 2);
});

Deno.test("SegmentWriter leaves no file without a whole part", async () => {
  const { disk, writer } = scene();
  writer.begin(1);
  await writer.settled;
  disk.failure = new Error("full");
  writer.write(bytes(3, 4));
  await writer.settled;
  assertEquals([...disk.files.keys()], []);
});

Deno.test("SegmentWriter fails when a file cannot be made", async () => {
  const { disk, writer, told, openFiles } = scene();
  disk.failure = new Error("Cannot make /rec: read-only");
  writer.begin(1);
  writer.write(bytes(3, 4));
  await writer.settled;
  assertEquals(told, ["failed: Cannot make /rec: read-only"]);
  assertEquals([disk.openCount, openFiles.size], [0, 0]);
});

Deno.test("SegmentWriter keeps no more than it may while the disk is slow", async () => {
  const { disk, writer, told } = scene();
  const { promise, resolve } = Promise.withResolvers<void>();
  disk.hold = promise;
  writer.begin(1);
  writer.write(new Uint8Array(6));
  writer.write(new Uint8Array(4));
  assertEquals(told, []);
  // One part may come on top: a single one may be as large as all that may wait.
  writer.write(new Uint8Array(1));
  assertEquals(told, []);
  writer.write(new Uint8Array(1));
  assertEquals(told, [
    "failed: the disk is too slow: more than 10 bytes wait for it",
  ]);
  resolve();
  await writer.settled;
  assertEquals([...disk.files.keys()], []);
  assertEquals(disk.openCount, 0);
});

Deno.test("SegmentWriter gives up a disk that hangs, and closes the file when it answers", async () => {
  const { disk, writer, told, clock, openFiles } = scene();
  writer.begin(1);
  writer.write(bytes(1));
  await writer.settled;
  const { promise, resolve } = Promise.withResolvers<void>();
  disk.hold = promise;
  writer.write(bytes(2));
  clock.advance(9_999);
  assertEquals(told.length, 1);
  clock.advance(1);
  assertEquals(
    told[1],
    "failed: the disk hangs: it has not answered for 10000 ms",
  );
  assertEquals([disk.openCount, openFiles.size], [1, 1]);
  resolve();
  await writer.settled;
  assertEquals([disk.openCount, openFiles.size, told.length], [0, 0, 2]);
});
