import { Hono } from "hono";
import { AuthenticationError } from "#base/access.ts";
import type { HttpEnv } from "#http/http_service.ts";
import type { HlsContext } from "#protocols/hls/context.ts";
import { playerPage } from "#protocols/hls/web/player_page.ts";
import { assert, assertEquals } from "#test/assert.ts";
import {
  passwordAuthenticator,
  testPorts,
  type TestPortsOptions,
  USER,
} from "#test/test_ports.ts";

const LOGIN = {
  Authorization: `Basic ${btoa(`${USER.name}:${USER.password}`)}`,
};

/** Answers of the page's routes: their own, 404 for nothing, 401 for who is not let in. */
async function ask(
  path: string,
  headers = {},
  paths: TestPortsOptions["paths"] = { all_others: {} },
): Promise<Response> {
  using scene = testPorts({ authenticator: passwordAuthenticator, paths });
  const route = playerPage({ ports: scene.ports } as HlsContext);
  const app = new Hono<HttpEnv>();
  app.use(async (c, next) => {
    c.set("ip", "192.0.2.9");
    c.set("signal", new AbortController().signal);
    await next();
  });
  app.get("*", async (c) => await route(c, c.req.path) ?? c.notFound());
  app.onError((error) =>
    new Response(null, {
      status: error instanceof AuthenticationError ? 401 : 500,
    })
  );
  return await app.request(path, { headers });
}

Deno.test("playerPage() serves the page of a path to whoever may read it", async () => {
  const response = await ask("/live/cam/?muted=no", LOGIN);
  assertEquals(response.status, 200);
  assertEquals(
    response.headers.get("Content-Type"),
    "text/html; charset=utf-8",
  );
  assertEquals(response.headers.get("Cache-Control"), "max-age=3600");
  const text = await response.text();
  assert(text.includes("<video"), text);
  assertEquals((await ask("/live/cam/")).status, 401);
});

Deno.test("playerPage() says that no path has this name, to whoever may read it", async () => {
  const paths = { cam: {} };
  for (const path of ["/other/", "/cam/other/", "/..%2fcam/", "/<b>/"]) {
    assertEquals((await ask(path, {}, paths)).status, 401, path);
    const response = await ask(path, LOGIN, paths);
    assertEquals(response.status, 404, path);
    const text = await response.text();
    assert(text.includes("This server has no stream of this name"), text);
    assert(!text.includes("<script"), text);
  }
  assertEquals((await ask("/cam/", LOGIN, paths)).status, 200);
});

Deno.test("playerPage() lets the page run no script but its files, from no other host", async () => {
  const response = await ask("/cam/", LOGIN);
  const policy = response.headers.get("Content-Security-Policy")!;
  for (
    const part of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "base-uri 'none'",
    ]
  ) {
    assert(policy.split("; ").includes(part), policy);
  }
  const text = await response.text();
  assertEquals(text.match(/https?:/g), null);
  assertEquals(
    text.match(/<script(?![^>]* src=)|\son\w+=|<style|style=/g),
    null,
  );
  const files = [...text.matchAll(/(?:src|href)="([^"]+)"/g)]
    .map(([, file]) => file!).filter((file) => file !== "data:,");
  assertEquals(files, ["player.css", "hls.min.js", "player.js"]);
  for (const file of files) {
    const answer = await ask(`/cam/${file}`);
    assertEquals([file, answer.status], [file, 200]);
    const type = file.endsWith(".css") ? "text/css" : "application/javascript";
    assert(answer.headers.get("Content-Type")!.startsWith(type), file);
    assert((await answer.text()).length > 100, file);
  }
});

for (
  const [path, location] of [
    ["/cam", "./cam/"],
    ["/live/cam?muted=no&a=%2F", "./cam/?muted=no&a=%2F"],
    // What looks like another host, or another scheme, is neither.
    ["//evil.example", "./evil.example/"],
    ["/a/javascript:alert(1)", "./javascript:alert(1)/"],
    ["/%C3%A9t%C3%A9", "./%C3%A9t%C3%A9/"],
  ] as const
) {
  Deno.test(`playerPage() sends ${path} to its folder`, async () => {
    const response = await ask(path);
    assertEquals(response.status, 302);
    assertEquals(response.headers.get("Location"), location);
  });
}

for (const path of ["/", "/favicon.ico", "/cam/hls.min.js.map"]) {
  Deno.test(`playerPage() has nothing at ${path}`, async () => {
    assertEquals((await ask(path)).status, 404);
  });
}
