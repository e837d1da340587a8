import { assertEquals, assertIncludes } from "#test/assert.ts";
import { fakePath, withApi } from "../api_scene.ts";

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

const STARTS = ["2023-11-14T22:13:20.25Z", "2023-11-14T22:13:20.250001Z"];

/** Moments that a body names, in one zone. */
function startsIn(body: string): string[] {
  const { segments } = JSON.parse(body) as { segments: { start: string }[] };
  return segments.map(({ start }) => start);
}

Deno.test("recordings: files are listed by path and deleted by their start, in any zone", async () => {
  await withApi({ config: CONFIG }, async ({ call, addRecording }) => {
    await addRecording("live/1/1700000000-250001");
    await addRecording("cam/1700000000-250001");
    await addRecording("cam/1700000000-250000");
    await addRecording("cam/1700000100-000000", true);
    await addRecording("other/1700000000-250000");
    await addRecording("cam/readme");
    const list = await (await call("/v3/recordings/list")).json();
    const names = list.items.map(({ name }: { name: string }) => name);
    assertEquals(names, ["cam", "live/1"]);
    const get = async () =>
      startsIn(await (await call("/v3/recordings/get/cam")).text());
    const starts = await get();
    assertEquals(
      starts.map((start) => Date.parse(start)),
      [1_700_000_000_250, 1_700_000_000_250, 1_700_000_100_000],
    );
    const remove = async (start: string) => {
      const query = new URLSearchParams({ path: "cam", start });
      const path = `/v3/recordings/deletesegment?${query}`;
      return await (await call(path, { method: "DELETE" })).text();
    };
    for (const start of STARTS) {
      assertEquals(await remove(start), '{"status":"ok"}');
      assertIncludes(await remove(start), "there is none");
    }
    assertIncludes(await remove(starts[2]!), "is being written");
    assertEquals(await get(), [starts[2]]);
  });
});

Deno.test("recordings: a path is told to record, or not to", async () => {
  const paths = [fakePath("cam")];
  await withApi({ config: CONFIG, paths }, async ({ statusOf, ended }) => {
    const post = (path: string) =>
      statusOf(`/v3/recordings/${path}`, { method: "POST" });
    assertEquals(await post("start/cam"), 200);
    assertEquals(await post("stop/cam"), 200);
    assertEquals(await post("start/live/9"), 404);
    assertEquals(await post("start/"), 400);
    assertEquals(ended.slice(0, 2), ["cam recorded", "cam not recorded"]);
  });
});

for (const [method, path, status, text] of ANSWERS) {
  Deno.test(`recordings: ${method} ${path} answers ${status}`, async () => {
    await withApi({ config: CONFIG }, async ({ call }) => {
      const response = await call(`/v3/recordings/${path}`, { method });
      assertEquals(response.status, status);
      assertIncludes(await response.text(), text);
    });
  });
}
