import { absolutePath } from "#platform/files.ts";
import {
  allSegments,
  segmentNames,
  segmentsOf,
} from "#recording/segment_files.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("segmentsOf() and allSegments() find what the names say", async () => {
  const folder = await Deno.makeTempDir();
  const files = [
    "cam/1772366708.mp4",
    "cam/1772366707.mp4",
    "cam/1772366709.ts",
    "cam/notes.txt",
    "cam/sub/1772366706.mp4",
    "other/1772366705.mp4",
  ];
  for (const file of files) {
    const path = `${folder}/${file}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, "");
  }
  const names = segmentNames({
    recordPath: `${folder}/%path/%s`,
    recordFormat: "fmp4",
  });
  assertEquals(await segmentsOf("cam", names), [
    {
      pathName: "cam",
      startUs: 1_772_366_707e6,
      file: `${folder}/cam/1772366707.mp4`,
    },
    {
      pathName: "cam",
      startUs: 1_772_366_708e6,
      file: `${folder}/cam/1772366708.mp4`,
    },
  ]);
  assertEquals(await segmentsOf("none", names), []);
  const paths = new Set<string>();
  for await (const { pathName } of allSegments(names)) paths.add(pathName);
  assertEquals([...paths].sort(), ["cam", "cam/sub", "other"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("segmentNames() are absolute and have the format's extension", () => {
  const names = segmentNames({
    recordPath: "./recordings/%path/%s",
    recordFormat: "mpegts",
  });
  assertEquals(
    names.format({ pathName: "cam", startUs: 1_772_366_707e6 }),
    absolutePath("recordings/cam/1772366707.ts"),
  );
});
