import { SegmentNames } from "#recording/segment_names.ts";
import { assertEquals } from "#test/assert.ts";

/** 2026-03-01T12:05:07.000042Z. */
const START_US = Date.UTC(2026, 2, 1, 12, 5, 7) * 1_000 + 42;

const LOCAL = "%Y-%m-%d_%H-%M-%S-%f";

/** The start as this computer's clock on the wall shows it. */
function localText(startUs: number): string {
  const local = new Date(Math.floor(startUs / 1_000));
  const two = (number: number) => String(number).padStart(2, "0");
  const day = [
    local.getFullYear(),
    two(local.getMonth() + 1),
    two(local.getDate()),
  ];
  const time = [local.getHours(), local.getMinutes(), local.getSeconds()];
  return `${day.join("-")}_${time.map(two).join("-")}-000042`;
}

const NAMES: [template: string, name: string][] = [
  [`/rec/%path/${LOCAL}.mp4`, `/rec/a/b/${localText(START_US)}.mp4`],
  ["/rec/%path/%s-%f.ts", "/rec/a/b/1772366707-000042.ts"],
  ["/r.e(c)/%path_%s-%f.mp4", "/r.e(c)/a/b_1772366707-000042.mp4"],
  ["/rec/%path/%path-%s%f.mp4", "/rec/a/b/a/b-1772366707000042.mp4"],
  ["/100%/%path/%s-%f%.mp4", "/100%/a/b/1772366707-000042%.mp4"],
];

Deno.test("SegmentNames format() and parse() agree", () => {
  for (const [template, name] of NAMES) {
    const names = new SegmentNames(template);
    const segment = { pathName: "a/b", startUs: START_US };
    assertEquals(names.format(segment), name);
    assertEquals(names.parse(name), segment, template);
  }
});

Deno.test("SegmentNames has the zone that this computer is in", () => {
  const names = new SegmentNames(`/rec/%path/${LOCAL}%z.mp4`);
  const segment = { pathName: "cam", startUs: START_US };
  assertEquals(names.parse(names.format(segment)), segment);
});

Deno.test("SegmentNames parse() goes by the zone of the name, seconds since the epoch win", () => {
  const zoned = new SegmentNames("/rec/%path/%Y%m%d_%H%M%S%z.mp4");
  const noon = Date.UTC(2026, 2, 1, 12) * 1_000;
  const cases: [zone: string, hours: number][] = [
    ["Z", 0],
    ["+0200", -2],
    ["-0330", 3.5],
  ];
  for (const [zone, hours] of cases) {
    const startUs = noon + hours * 3_600_000_000;
    assertEquals(zoned.parse(`/rec/cam/20260301_120000${zone}.mp4`), {
      pathName: "cam",
      startUs,
    });
  }
  const both = new SegmentNames("/rec/%path/%Y%m%d%H%M%S-%s.mp4");
  assertEquals(
    both.parse("/rec/cam/20200101000000-1772366707.mp4")?.startUs,
    1_772_366_707_000_000,
  );
});

Deno.test("SegmentNames parse() takes no other name", () => {
  const names = new SegmentNames(`/rec/%path/${LOCAL}.mp4`);
  const others = [
    "/rec/cam/2026-03-01_12-05-07-000042.ts",
    "/rec/cam/2026-03-01_12-05-07-000042.mp4.tmp",
    "/rec/cam/2026-03-01_12-05-07-00042.mp4",
    "/rec2/cam/2026-03-01_12-05-07-000042.mp4",
    "/rec/2026-03-01_12-05-07-000042.mp4",
    "/rec/cam/2026-03-01_12-05-07-000042xmp4",
    "/rec/cam/0000-00-00_00-00-00-000000.mp4",
    "/rec/cam/2026-13-01_12-05-07-000042.mp4",
    "/rec/cam/2026-03-01_24-05-07-000042.mp4",
    "",
  ];
  for (const other of others) assertEquals(names.parse(other), undefined);
  const twice = new SegmentNames("/rec/%path/%path-%s.mp4");
  assertEquals(twice.parse("/rec/a/b-1772366707.mp4"), undefined);
  const timeless = new SegmentNames("/rec/%path/%H%M.mp4");
  assertEquals(timeless.parse("/rec/a/1205.mp4"), undefined);
});

Deno.test("SegmentNames parse() knows names as Windows writes them", () => {
  const names = new SegmentNames("C:\\rec\\%path\\%s-%f.mp4");
  const segment = { pathName: "a/b", startUs: START_US };
  assertEquals(names.parse("C:\\rec\\a\\b\\1772366707-000042.mp4"), segment);
  assertEquals(names.parse(names.format(segment)), segment);
});

Deno.test("SegmentNames folderOf() is above the first variable", () => {
  const cases: [template: string, all: string, own: string][] = [
    ["/rec/%path/%s.mp4", "/rec", "/rec/a/b"],
    ["/rec/x-%path/%Y/%s.mp4", "/rec", "/rec/x-a/b"],
    ["/rec/%Y/%path/%s.mp4", "/rec", "/rec"],
    ["/%path/%s.mp4", "/", "/a/b"],
  ];
  for (const [template, all, own] of cases) {
    const names = new SegmentNames(template);
    assertEquals(names.folder, all);
    assertEquals(names.folderOf("a/b"), own);
  }
});
