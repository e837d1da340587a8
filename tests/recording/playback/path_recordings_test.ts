import { systemClock } from "#base/clock.ts";
import { PathRecordings } from "#recording/playback/path_recordings.ts";
import { recordingsIn } from "#recording/playback/segment_range.ts";
import { RemoteRecordings } from "#recording/upload/remote_recordings.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { testPortsWith } from "#test/test_ports.ts";
import { ENVIRONMENT, FakeS3 } from "../upload/fake_s3.ts";
import { recordedFolder, START_US } from "./recorded_folder.ts";

/** Four seconds of the path `cam` in two segments that were uploaded, and are on the disk. */
async function withUploaded(
  run: (scene: {
    readonly recordings: PathRecordings;
    readonly files: readonly string[];
    readonly server: FakeS3;
    readonly lines: readonly string[];
  }) => Promise<void>,
): Promise<void> {
  await using folder = await recordedFolder({});
  await using server = new FakeS3();
  using scene = testPortsWith(systemClock, {});
  const files = (await folder.segments()).map(({ file }) => file);
  for (const file of files) {
    const key = file.slice(file.indexOf("/cam/"));
    server.objects.set(`/bucket${key}`, await Deno.readFile(file));
  }
  const place = {
    recordPath: folder.recordPath,
    recordFormat: "fmp4",
    recordUpload: "s3://bucket",
    recordUploadEndpoint: server.url,
  } as const;
  const { ports, lines } = scene;
  const recordings = new PathRecordings({
    ports,
    paths: () => new Map([["cam", place]]),
    remote: new RemoteRecordings({
      environment: ENVIRONMENT,
      clock: systemClock,
      logger: ports.logger,
    }),
  });
  await run({ recordings, files, server, lines });
}

const WHOLE = [{ startUs: START_US, endUs: START_US + 4e6 }];

for (const gone of [[], [0], [1], [0, 1]]) {
  Deno.test(`PathRecordings joins what is on the disk and in the bucket when ${gone.length} files (${gone}) are gone`, async () => {
    await withUploaded(async ({ recordings, files, server }) => {
      for (const index of gone) await Deno.remove(files[index]!);
      const segments = await recordings.segments("cam", {});
      assertEquals(segments.map(({ file }) => file), files);
      assertEquals(recordingsIn(segments, {}), WHOLE);
      const reads = server.requests.filter((line) => line.includes("/cam/"));
      assertEquals(reads.length, gone.length, "the disk is read first");
    });
  });
}

Deno.test("PathRecordings plays what is on the disk while the bucket does not answer", async () => {
  await withUploaded(async ({ recordings, files, server, lines }) => {
    server.fault = () => "error";
    const segments = await recordings.segments("cam", {});
    assertEquals(segments.map(({ file }) => file), files);
    assert(lines.some((line) => line.includes("Cannot list http")), "a line");
  });
});
