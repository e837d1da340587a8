import { fileResponse } from "#protocols/hls/file_response.ts";
import { assertEquals } from "#test/assert.ts";

const BYTES = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);

const RANGES = [
  [undefined, 200, "0123456789", null],
  ["bytes=0-3", 206, "0123", "bytes 0-3/10"],
  ["bytes=8-", 206, "89", "bytes 8-9/10"],
  ["bytes=-3", 206, "789", "bytes 7-9/10"],
  ["bytes=-30", 206, "0123456789", "bytes 0-9/10"],
  ["bytes=5-99", 206, "56789", "bytes 5-9/10"],
  ["bytes=10-", 416, "", "bytes */10"],
  ["bytes=5-4", 416, "", "bytes */10"],
  ["bytes=-0", 416, "", "bytes */10"],
  ["bytes=-", 200, "0123456789", null],
  ["bytes=0-1,3-4", 200, "0123456789", null],
  ["items=0-1", 200, "0123456789", null],
  ["bytes=99999999999999999999-", 200, "0123456789", null],
] as const;

for (const [range, status, content, contentRange] of RANGES) {
  Deno.test(`fileResponse() to the range ${range}`, async () => {
    const headers = new Headers(range === undefined ? {} : { Range: range });
    const response = fileResponse(new Request("http://a", { headers }), BYTES, {
      type: "video/mp4",
      cacheControl: "no-cache",
    });
    assertEquals(response.status, status);
    assertEquals(response.headers.get("Content-Range"), contentRange);
    const bytes = new Uint8Array(await response.arrayBuffer());
    assertEquals([...bytes].join(""), content);
  });
}
