import type { HlsContext } from "#protocols/hls/context.ts";
import { SegmentStorage } from "#protocols/hls/storage/segment_storage.ts";
import { filesBelow } from "#platform/files.ts";
import { assertEquals, assertIncludes } from "#test/assert.ts";
import { testPorts } from "#test/test_ports.ts";

const SEGMENT = "0123456789ab_video1_seg0.mp4";

async function openScene() {
  const top = await Deno.makeTempDir();
  const test = testPorts();
  const context = {
    ports: test.ports,
    config: { hlsDirectory: top },
  } as HlsContext;
  const storage = new SegmentStorage(context);
  /** Opens the folder of a path and puts a segment there. */
  const open = async (name: string) => {
    const folder = storage.open("live/cam", test.ports.logger, () => []);
    const bytes = new TextEncoder().encode(name);
    await new Promise<void>((kept) => folder.keep(name, bytes, kept));
    return folder;
  };
  return {
    ...{ top, test, storage, open },
    names: async () => {
      const files = await Array.fromAsync(filesBelow(top));
      return files.map((file) => file.slice(top.length + 1)).sort();
    },
    async [Symbol.asyncDispose]() {
      await storage[Symbol.asyncDispose]();
      test[Symbol.dispose]();
      await Deno.remove(top, { recursive: true });
    },
  };
}

Deno.test("SegmentStorage keeps segments in a folder named as the path, and reads them", async () => {
  await using scene = await openScene();
  const folder = await scene.open(SEGMENT);
  assertEquals(await scene.names(), [`live/cam/${SEGMENT}`]);
  const read = () =>
    new Promise<Uint8Array | undefined>((then) => folder.read(SEGMENT, then));
  const both = await Promise.all([read(), read()]);
  for (const bytes of both) {
    assertEquals(new TextDecoder().decode(bytes), SEGMENT);
  }
  await Deno.remove(`${scene.top}/live/cam/${SEGMENT}`);
  assertEquals(await read(), undefined);
  assertIncludes(scene.test.lines.join("\n"), "1 file(s) could not be read");
});

Deno.test("SegmentStorage removes the files of a muxer before those of the next one come", async () => {
  await using scene = await openScene();
  const first = await scene.open(SEGMENT);
  scene.storage.close("live/cam", first);
  const second = await scene.open("index.m3u8");
  assertEquals(await scene.names(), ["live/cam/index.m3u8"]);
  scene.storage.close("live/cam", second);
  await scene.storage[Symbol.asyncDispose]();
  assertEquals(await Array.fromAsync(Deno.readDir(scene.top)), []);
});

Deno.test("SegmentStorage removes what an earlier run has left, and says so", async () => {
  await using scene = await openScene();
  await scene.open(SEGMENT);
  const context = {
    ports: scene.test.ports,
    config: { hlsDirectory: scene.top },
  } as HlsContext;
  await new SegmentStorage(context)[Symbol.asyncDispose]();
  assertEquals(await scene.names(), []);
  assertIncludes(
    scene.test.lines.join("\n"),
    `removed 1 file(s) that an earlier run had left in ${scene.top}`,
  );
});
