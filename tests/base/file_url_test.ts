import { filePathOf } from "#base/file_url.ts";
import { assertEquals } from "#test/assert.ts";

const CASES: readonly (readonly [url: string, path: string | undefined])[] = [
  ["file:///clips/a.mp4", "/clips/a.mp4"],
  ["file:///clips/", "/clips/"],
  ["file:///my clips/a%20b%3F%23%25.mp4", "/my clips/a b?#%.mp4"],
  ["file:///C:/clips/a.mp4", "C:/clips/a.mp4"],
  ["file:///clips/a..b/...mp4", "/clips/a..b/...mp4"],
  ["file://host/a.mp4", undefined],
  ["file://a.mp4", undefined],
  ["file:/a.mp4", undefined],
  ["file:a.mp4", undefined],
  ["file:///a.mp4?x", undefined],
  ["file:///a.mp4#x", undefined],
  ["file:///a%zz.mp4", undefined],
  ["file:///a%00.mp4", undefined],
  ["file:///a\n.mp4", undefined],
  ["file:///clips/../etc/passwd", undefined],
  ["file:///clips/%2e%2E/etc/passwd", undefined],
  ["file:///clips/..%5cpasswd", undefined],
  ["http:///a.mp4", undefined],
  ["", undefined],
];

Deno.test("filePathOf() takes URLs of files, and none that leave a folder", () => {
  for (const [url, path] of CASES) assertEquals(filePathOf(url), path, url);
});
