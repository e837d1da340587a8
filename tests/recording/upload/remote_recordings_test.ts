import { createLogger } from "#base/log.ts";
import { PlatformError } from "#platform/errors.ts";
import { RemoteRecordings } from "#recording/upload/remote_recordings.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";
import { ENVIRONMENT, FakeS3 } from "./fake_s3.ts";

const NAME = "2026-01-02_03-04-05-00000";

class Scene implements AsyncDisposable {
  readonly server = new FakeS3();
  readonly clock = new FakeClock();
  readonly lines: string[] = [];
  readonly remote = new RemoteRecordings({
    environment: ENVIRONMENT,
    clock: this.clock,
    logger: createLogger((_, text) => this.lines.push(text), "debug"),
  });
  readonly place = {
    recordPath: "/rec/%path/%Y-%m-%d_%H-%M-%S-%f",
    recordFormat: "fmp4",
    recordUpload: "s3://bucket/a&b",
    recordUploadEndpoint: this.server.url,
  } as const;

  /** Puts files into the bucket. */
  add(...keys: string[]): void {
    for (const key of keys) {
      this.server.objects.set(`/bucket/${key}`, Uint8Array.of(1, 2, 3));
    }
  }

  async files(pathName?: string): Promise<string[]> {
    const segments = await this.remote.segmentsOf(this.place, pathName);
    return segments.map(({ file }) => file);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.server[Symbol.asyncDispose]();
  }
}

Deno.test("RemoteRecordings lists the segments of a path, on several pages", async () => {
  await using scene = new Scene();
  const names = [3, 1, 2, 5, 4].map((number) => `${NAME}${number}.mp4`);
  scene.add(
    ...names.map((name) => `a&b/cam/x/${name}`),
    `a&b/cam/${names[0]}`,
    `a&b/cam/x/y/${names[0]}`,
    "a&b/cam/x/other.txt",
    `other/cam/x/${names[0]}`,
  );
  assertEquals(
    await scene.files("cam/x"),
    names.toSorted().map((name) => `/rec/cam/x/${name}`),
  );
  assertEquals(await scene.files("cam"), [`/rec/cam/${names[0]}`]);
  assertEquals((await scene.files()).length, 7);
  assertEquals(await scene.files("none"), []);
});

Deno.test("RemoteRecordings asks again after a while, and says why it cannot", async () => {
  await using scene = new Scene();
  scene.add(`a&b/cam/${NAME}1.mp4`);
  assertEquals((await scene.files("cam")).length, 1);
  scene.add(`a&b/cam/${NAME}2.mp4`);
  scene.server.fault = () => "error";
  assertEquals((await scene.files("cam")).length, 1);
  scene.clock.advance(15_000);
  assertEquals([await scene.files("cam"), await scene.files("cam")], [[], []]);
  assertEquals(scene.lines, [
    `Cannot list ${scene.server.url}/bucket/a%26b/cam/: the server answered 500: InternalError: because of a "test"`,
  ]);
  scene.server.fault = () => undefined;
  scene.clock.advance(15_000);
  assertEquals((await scene.files("cam")).length, 2);
});

Deno.test("RemoteRecordings opens what was uploaded, by its name on the disk", async () => {
  await using scene = new Scene();
  scene.add("a&b/cam/1.mp4");
  using file = await scene.remote.open(scene.place, "/rec/cam/1.mp4");
  assertEquals([...await file.readAt(1, 2)], [2, 3]);
  const gone = await assertRejects(
    scene.remote.open(scene.place, "/rec/cam/2.mp4"),
    PlatformError,
  );
  assertEquals(gone.code, "not_found");
  const { recordUpload: _, ...local } = scene.place;
  assertEquals(await scene.remote.segmentsOf(local, "cam"), []);
  const none = await assertRejects(
    scene.remote.open(local, "/rec/cam/1.mp4"),
    PlatformError,
  );
  assertEquals(none.code, "not_found");
  assert(scene.lines.length === 0, "nothing went wrong");
});

/** Waits until the server has so many requests that it does not answer. */
async function hanging({ server }: Scene, count: number): Promise<void> {
  while (server.requests.length < count) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

Deno.test("RemoteRecordings lets nobody wait for a server that hangs", async () => {
  await using scene = new Scene();
  scene.add(`a&b/cam/${NAME}1.mp4`);
  assertEquals((await scene.files("cam")).length, 1);
  scene.server.fault = () => "hanging";
  scene.clock.advance(15_000);
  const asked = [scene.files("cam"), scene.files("cam"), scene.files("new")];
  await hanging(scene, 3);
  scene.clock.advance(2_000);
  const found = await Promise.all(asked);
  const counts = found.map(({ length }) => length);
  assertEquals(counts, [1, 1, 0], "what was there before");
  const again = scene.files("cam");
  scene.clock.advance(2_000);
  assertEquals((await again).length, 1);
  assertEquals(scene.server.requests.length, 3, "one question at a time");
  scene.server.fault = () => undefined;
  scene.clock.advance(6_000);
  scene.clock.advance(15_000);
  while (scene.lines.length < 2) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert(
    scene.lines.every((line) => line.endsWith("no answer within 10 s")),
    "",
  );
  scene.clock.advance(15_000);
  assertEquals((await scene.files("cam")).length, 1);
});

Deno.test("RemoteRecordings does not ask a server for files that has given no answer just now", async () => {
  await using scene = new Scene();
  scene.add("a&b/cam/1.mp4");
  scene.server.fault = () => "hanging";
  const open = () => scene.remote.open(scene.place, "/rec/cam/1.mp4");
  const first = open();
  await hanging(scene, 1);
  scene.clock.advance(10_000);
  assertEquals((await assertRejects(first, PlatformError)).code, "other");
  const next = await assertRejects(open(), PlatformError);
  assert(next.message.endsWith("no answer within 10 s"), next.message);
  assertEquals(scene.server.requests.length, 1);
  scene.server.fault = () => undefined;
  scene.clock.advance(5_000);
  using file = await open();
  assertEquals(file.sizeBytes, 3);
});

Deno.test("RemoteRecordings stops asking when it is disposed of", async () => {
  await using scene = new Scene();
  scene.server.fault = () => "hanging";
  const files = scene.files("cam");
  await hanging(scene, 1);
  scene.remote[Symbol.dispose]();
  assertEquals(await files, []);
  assertEquals(scene.lines, []);
});

Deno.test("RemoteRecordings asks once for the beginning of a file, until it is old or gone", async () => {
  await using scene = new Scene();
  const bytes = new Uint8Array(500_000).fill(7);
  scene.server.objects.set("/bucket/a&b/cam/1.mp4", bytes);
  const read = async (offsetBytes: number) => {
    using file = await scene.remote.open(scene.place, "/rec/cam/1.mp4");
    assertEquals(file.sizeBytes, 500_000);
    assertEquals([...await file.readAt(offsetBytes, 2)], [7, 7]);
  };
  await read(0);
  await read(4_094);
  assertEquals(scene.server.requests.length, 1);
  await read(400_000);
  assertEquals(scene.server.requests.length, 2);
  scene.clock.advance(600_000);
  await read(0);
  assertEquals(scene.server.requests.length, 3);
  scene.server.objects.clear();
  const gone = await assertRejects(read(400_000), PlatformError);
  assertEquals(gone.code, "not_found");
  assertEquals(
    (await assertRejects(read(0), PlatformError)).code,
    "not_found",
  );
});
