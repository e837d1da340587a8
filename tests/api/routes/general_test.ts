import { assertEquals, assertIncludes } from "#test/assert.ts";
import { localTime } from "#api/local_time.ts";
import { BUILD_INFO } from "#base/build_info.ts";
import { STARTED_AT_MS, withApi } from "../api_scene.ts";

Deno.test("general: info says what runs and since when", async () => {
  await withApi({}, async ({ call }) => {
    const response = await call("/v3/info");
    assertEquals(
      await response.text(),
      JSON.stringify({
        version: BUILD_INFO.version,
        started: localTime(STARTED_AT_MS),
      }),
    );
  });
});

Deno.test("general: keys are fetched anew", async () => {
  await withApi({}, async ({ call, ended }) => {
    const response = await call("/v3/auth/jwks/refresh", { method: "POST" });
    assertEquals(await response.text(), '{"status":"ok"}');
    assertEquals(ended, ["keys"]);
  });
});

for (
  const [body, kicked] of [
    [{ user: "ann" }, "user ann"],
    [{ tokenId: "t1" }, "token t1"],
  ] as const
) {
  Deno.test(`general: a kick ends the sessions of ${kicked}`, async () => {
    await withApi({}, async ({ call, ended }) => {
      const response = await call("/v3/auth/kick", {
        method: "POST",
        body: JSON.stringify(body),
      });
      assertEquals(await response.json(), { status: "ok", kicked: 1 });
      assertEquals(ended, [kicked]);
    });
  });
}

for (
  const body of [{}, { user: "" }, { user: 1 }, { user: "a", tokenId: "b" }, []]
) {
  Deno.test(`general: a kick of ${JSON.stringify(body)} is refused`, async () => {
    await withApi({}, async ({ call, ended }) => {
      const response = await call("/v3/auth/kick", {
        method: "POST",
        body: JSON.stringify(body),
      });
      assertEquals(response.status, 400);
      assertIncludes((await response.json()).error, "user");
      assertEquals(ended, []);
    });
  });
}

Deno.test("general: health needs no password", async () => {
  const authenticator = {
    authenticate: () => Promise.reject(new Error("nobody is let in")),
  };
  await withApi({ authenticator }, async ({ statusOf }) => {
    assertEquals(await statusOf("/livez"), 204);
    assertEquals(await statusOf("/readyz"), 204);
    assertEquals(await statusOf("/v3/info"), 500);
  });
});
