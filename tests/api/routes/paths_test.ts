import { assertEquals } from "#test/assert.ts";
import { fakePath, withApi } from "../api_scene.ts";

const ID = "0b8f61d4-58a5-4a3c-8f1f-0c8c5d0e7a01";

const PATHS = [fakePath("b"), fakePath("a/c"), fakePath("a")];

Deno.test("paths: the list is sorted by name", async () => {
  await withApi({ paths: PATHS }, async ({ call }) => {
    const { items } = await (await call("/v3/paths/list")).json();
    assertEquals(
      items.map(({ name }: { name: string }) => name),
      ["a", "a/c", "b"],
    );
  });
});

for (
  const path of [
    "get/a/c",
    "get/a%2Fc",
    "get?name=a/c",
    "get?name=a%2Fc",
  ]
) {
  Deno.test(`paths: ${path} finds a/c`, async () => {
    await withApi({ paths: PATHS }, async ({ call }) => {
      const answer = await (await call(`/v3/paths/${path}`)).json();
      assertEquals(answer.name, "a/c");
    });
  });
}

const FAILURES: readonly [string, number, string][] = [
  ["get/x", 404, "path not found"],
  ["get?name=x", 404, "path not found"],
  ["get/", 400, "invalid name"],
  ["get?name=", 400, "invalid name"],
  ["list?page=x", 400, 'strconv.ParseUint: parsing "x": invalid syntax'],
  ["forward/list", 400, "invalid path"],
  ["forward/list?path=x", 404, "path not found"],
  ["forward/get", 400, "invalid UUID length: 0"],
  [`forward/get?id=${ID}`, 400, "invalid path"],
  [`forward/get?id=${ID}&path=x`, 404, "path not found"],
  [`forward/get?id=${ID}&path=a`, 404, "forward destination not found"],
];

for (const [path, status, error] of FAILURES) {
  Deno.test(`paths: ${path} answers ${status}`, async () => {
    await withApi({ paths: PATHS }, async ({ call }) => {
      const response = await call(`/v3/paths/${path}`);
      assertEquals(
        [response.status, await response.json()],
        [status, { status: "error", error }],
      );
    });
  });
}

Deno.test("paths: the form without a slash leads to the one with it [gin]", async () => {
  await withApi({ paths: PATHS }, async ({ call }) => {
    const response = await call("/v3/paths/get");
    await response.body?.cancel();
    assertEquals(
      [response.status, response.headers.get("Location")],
      [301, "/v3/paths/get/"],
    );
  });
});

Deno.test("paths: nothing is forwarded", async () => {
  await withApi({ paths: PATHS }, async ({ call }) => {
    assertEquals(await (await call("/v3/paths/forward/list?path=a")).json(), {
      itemCount: 0,
      pageCount: 0,
      items: [],
    });
  });
});
