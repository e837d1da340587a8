import { systemClock } from "#base/clock.ts";
import { PlatformError } from "#platform/errors.ts";
import {
  openRemoteFile,
  type RemoteFile,
} from "#recording/upload/remote_file.ts";
import { S3Client } from "#recording/upload/s3_client.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { ENVIRONMENT, FakeS3 } from "./fake_s3.ts";

const SIZE_BYTES = 3_000_001;

const { signal } = new AbortController();

function makeBytes(): Uint8Array {
  const bytes = new Uint8Array(SIZE_BYTES);
  for (let i = 0; i < SIZE_BYTES; i++) bytes[i] = i * 7 + (i >> 11);
  return bytes;
}

async function withFile(
  run: (file: RemoteFile, server: FakeS3, bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  await using server = new FakeS3();
  const bytes = makeBytes();
  server.objects.set("/bucket/a.mp4", bytes);
  const { region, access } = ENVIRONMENT;
  const client = new S3Client({ access, region, clock: systemClock });
  const url = `${server.url}/bucket/a.mp4`;
  using file = await openRemoteFile({
    url,
    read: (span, signal) => client.read(url, span, signal),
    signal,
  });
  await run(file, server, bytes);
}

function assertSame(found: Uint8Array, wanted: Uint8Array, what: string): void {
  assertEquals(found.length, wanted.length, what);
  assert(found.every((byte, i) => byte === wanted[i]), what);
}

Deno.test("RemoteFile reads any range as the file has it", async () => {
  await withFile(async (file, _, bytes) => {
    assertEquals(file.sizeBytes, SIZE_BYTES);
    const ranges: [from: number, length: number][] = [
      [0, 10],
      [2_999_990, 100],
      [262_143, 2],
      [1_000_000, 1_500_000],
      [5, 0],
      [SIZE_BYTES, 10],
      [0, SIZE_BYTES],
    ];
    const found = await Promise.all(
      ranges.map(([from, length]) => file.readAt(from, length)),
    );
    for (const [i, [from, length]] of ranges.entries()) {
      assertSame(found[i]!, bytes.subarray(from, from + length), `range ${i}`);
    }
  });
});

Deno.test("RemoteFile asks for every byte once where it is read from start to end", async () => {
  await withFile(async (file, server) => {
    for (let at = 0; at < SIZE_BYTES; at += 10_000) {
      await file.readAt(at, 10_000);
      await file.readAt(at, 100);
    }
    // The header by itself, and a first piece that may be all.
    assertEquals(server.requests.length, 5, "in pieces of a mebibyte");
  });
});

Deno.test("RemoteFile fails as files do", async () => {
  await withFile(async (file, server) => {
    server.fault = () => "error";
    const error = await assertRejects(file.readAt(2_000_000, 1), PlatformError);
    assertEquals(error.code, "other");
    server.fault = () => undefined;
    assertEquals((await file.readAt(2_000_000, 1)).length, 1);
    server.objects.clear();
    const gone = await assertRejects(file.readAt(1_000_000, 1), PlatformError);
    assertEquals(gone.code, "not_found");
    server.objects.set("/bucket/a.mp4", new Uint8Array(1_000_001));
    await assertRejects(file.readAt(1_000_000, 1), PlatformError);
    file[Symbol.dispose]();
    await assertRejects(file.readAt(600_000, 1), PlatformError);
  });
});
