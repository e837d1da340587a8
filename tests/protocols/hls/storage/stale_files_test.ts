import { dirname, join } from "node:path";
import { removeStaleFiles } from "#protocols/hls/storage/stale_files.ts";
import { filesBelow } from "#platform/files.ts";
import { assertEquals } from "#test/assert.ts";

/** What a killed program may leave. */
const OURS = [
  "live/cam/0123456789ab_video1_init.mp4",
  "live/cam/0123456789ab_video1_seg17.mp4",
  "live/cam/0123456789ab_audio2_seg18.mp4.tmp",
  "live/cam/video1_stream.m3u8",
  "live/cam/index.m3u8",
  "live/cam/index.m3u8.tmp",
  "live/ba9876543210_main_seg0.ts",
];

/** What is somebody else's. */
const OTHERS = [
  "live/cam2/index.m3u8",
  "live/cam2/video1_stream.m3u8",
  "live/video1_seg17.mp4",
  "live/0123456789ab_video1_seg17.mp4.bak",
  "live/x0123456789ab_main_seg0.ts",
];

Deno.test("removeStaleFiles() removes what is ours by name, and what lies beside it", async () => {
  const top = await Deno.makeTempDir();
  try {
    for (const name of [...OURS, ...OTHERS]) {
      const file = join(top, name);
      await Deno.mkdir(dirname(file), { recursive: true });
      await Deno.writeTextFile(file, "");
    }
    assertEquals(await removeStaleFiles(top), OURS.length);
    const left = await Array.fromAsync(filesBelow(top));
    assertEquals(left.sort(), OTHERS.map((name) => join(top, name)).sort());
    const folders = await Array.fromAsync(Deno.readDir(join(top, "live")));
    assertEquals(
      folders.filter(({ isDirectory }) => isDirectory).map(({ name }) => name),
      ["cam2"],
    );
  } finally {
    await Deno.remove(top, { recursive: true });
  }
});

Deno.test("removeStaleFiles() takes a folder that is not there for an empty one", async () => {
  assertEquals(await removeStaleFiles("/nothing/here"), 0);
});
