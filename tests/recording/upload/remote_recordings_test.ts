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
