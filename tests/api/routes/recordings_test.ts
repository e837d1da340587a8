import { assertEquals, assertIncludes } from "#test/assert.ts";
import { withApi } from "../api_scene.ts";

const CONFIG = "paths: {cam: , ~^live/: }\n";

const START = "start=2026-03-01T12:00:00.5%2B01:00";

const ANSWERS: readonly [string, string, number, string][] = [
  ["GET", "list", 200, '{"itemCount":0,"pageCount":0,"items":[]}'],
  ["GET", "list?page=x", 400, "invalid syntax"],
  ["GET", "get/cam", 200, '{"name":"cam","segments":[]}'],
  ["GET", "get/live/1", 200, '{"name":"live/1","segments":[]}'],
  ["GET", "get/other", 400, "other"],
  ["GET", "get/", 400, "invalid name"],
  ["DELETE", "deletesegment", 400, "invalid 'start' parameter"],
  ["DELETE", "deletesegment?path=cam&start=now", 400, "invalid 'start'"],
  [
    "DELETE",
    "deletesegment?path=cam&start=2026-13-01T12:00:00Z",
    400,
    "invalid 'start'",
  ],
  ["DELETE", `deletesegment?${START}`, 400, "path"],
  ["DELETE", `deletesegment?path=other&${START}`, 400, "other"],
  ["DELETE", `deletesegment?path=cam&${START}`, 400, "there is none"],
];

for (const [method, path, status, text] of ANSWERS) {
  Deno.test(`recordings: ${method} ${path} answers ${status}`, async () => {
    await withApi({ config: CONFIG }, async ({ call }) => {
      const response = await call(`/v3/recordings/${path}`, { method });
      assertEquals(response.status, status);
      assertIncludes(await response.text(), text);
    });
  });
}
