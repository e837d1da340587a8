import { Secret } from "#base/secret.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { readMediaPlaylist } from "#test/hls_checker.ts";
import { passwordAuthenticator, USER } from "#test/test_ports.ts";
import { enter, type HlsScene, openScene, PATH } from "./open_scene.ts";

const LOGIN = {
  Authorization: `Basic ${btoa(`${USER.name}:${USER.password}`)}`,
};

async function statusOf(response: Promise<Response>): Promise<number> {
  const { status, body } = await response;
  await body?.cancel();
  return status;
}

async function playlistOf(scene: HlsScene, end: string) {
  const response = await scene.get(`video1_stream.m3u8${end}`);
  return readMediaPlaylist(await response.text());
}

Deno.test("HLS: a viewer without cookies has its session in every URI", async () => {
  await using scene = await openScene();
  const first = await scene.get("index.m3u8?a=1");
  await first.body?.cancel();
  assertEquals(first.status, 302);
  assertEquals(first.headers.get("Location"), "index.m3u8?a=1&cookieCheck=1");
  assertEquals(
    first.headers.get("Set-Cookie"),
    "cookieCheck=1; HttpOnly; Secure; SameSite=None; Partitioned",
  );
  const index = await scene.index("?a=1&cookieCheck=1");
  assertEquals(
    index.headers.get("Content-Type"),
    "application/vnd.apple.mpegurl",
  );
  assertEquals(index.headers.get("Cache-Control"), "private, no-cache");
  const text = await index.text();
  const [, end = ""] = /video1_stream.m3u8(\?a=1&session=[0-9a-f-]{36})/
    .exec(text) ?? [];
  assert(end !== "", text);
  assert(text.includes(`URI="audio2_stream.m3u8${end}"`), text);
  const { segments, hint } = await playlistOf(scene, end);
  assert(segments.at(-1)!.uri!.endsWith(end));
  assert(hint!.endsWith(end));
  const file = await scene.get(segments.at(-1)!.uri!);
  assertEquals([file.status, file.headers.get("Content-Type")], [
    200,
    "video/mp4",
  ]);
  const bytes = await file.arrayBuffer();
  const part = await scene.get(segments.at(-1)!.uri!, { Range: "bytes=0-7" });
  assertEquals([part.status, part.headers.get("Content-Range")], [
    206,
    `bytes 0-7/${bytes.byteLength}`,
  ]);
  assertEquals((await part.arrayBuffer()).byteLength, 8);
});

Deno.test("HLS: a viewer with cookies has plain URIs", async () => {
  await using scene = await openScene();
  const index = await scene.index("?cookieCheck=1", {
    Cookie: "x=1; cookieCheck=1",
  });
  assert(!(await index.text()).includes("session="));
  const cookie = index.headers.get("Set-Cookie")!.split(";", 1)[0]!;
  assert(cookie.startsWith("hlsSession="), cookie);
  const playlist = await scene.get("video1_stream.m3u8", { Cookie: cookie });
  assert(!(await playlist.text()).includes("?"));
  assertEquals(await statusOf(scene.get("video1_stream.m3u8")), 401);
});

Deno.test("HLS: what needs a session is refused without one", async () => {
  await using scene = await openScene();
  const end = await enter(scene);
  const other = `?session=${crypto.randomUUID()}`;
  for (
    const [file, status] of [
      [`video1_stream.m3u8${other}`, 401],
      ["video1_stream.m3u8", 401],
      ["000000000000_video1_seg7.mp4", 401],
      [`video1_stream.m3u8${end}`, 200],
      [`video9_stream.m3u8${end}`, 404],
      [`000000000000_video1_seg7.mp4${end}`, 404],
      [`gap.mp4${end}`, 200],
      [`video1_stream.m3u8${end}&_HLS_msn=99`, 400],
      [`video1_stream.m3u8${end}&_HLS_msn=-1`, 400],
      [`video1_stream.m3u8${end}&_HLS_part=1`, 400],
      [`video1_stream.m3u8${end}&_HLS_msn=1e3`, 400],
      [`video1_stream.m3u8${end}&x=${"y".repeat(3_000)}`, 400],
      [`../other/video1_stream.m3u8${end}`, 401],
    ] as const
  ) {
    assertEquals(await statusOf(scene.get(file)), status, file);
  }
});

Deno.test("HLS: all who wait for a part are answered at once with the same", async () => {
  await using scene = await openScene();
  const end = await enter(scene);
  const { segments, open, hint } = await playlistOf(scene, end);
  const msn = segments.at(-1)!.msn + 1;
  const part = open?.parts.length ?? 0;
  const playlist = `video1_stream.m3u8${end}&_HLS_msn=${msn}&_HLS_part=${part}`;
  const waiting = [
    ...Array.from({ length: 5 }, () => scene.get(playlist)),
    scene.get(hint!),
  ];
  let isAnswered = false;
  for (const one of waiting) one.then(() => isAnswered = true);
  await statusOf(scene.get(`video1_stream.m3u8${end}`));
  assertEquals(isAnswered, false);
  scene.publisher.push(6);
  const bodies = await Promise.all(
    waiting.map(async (one) => await (await one).text()),
  );
  assertEquals(new Set(bodies.slice(0, 5)).size, 1);
  const next = readMediaPlaylist(bodies[0]!).open!;
  assertEquals(next.parts.at(-1)!.uri, hint);
});

Deno.test("HLS: credentials are asked for, and what is not there is not there", async () => {
  await using scene = await openScene({}, {
    authenticator: passwordAuthenticator,
  });
  const index = "index.m3u8?cookieCheck=1";
  const refused = await scene.get(index);
  await refused.body?.cancel();
  assertEquals(refused.status, 401);
  assertEquals(
    refused.headers.get("WWW-Authenticate"),
    'Basic realm="mediamtx"',
  );
  assertEquals(await statusOf(scene.index("?cookieCheck=1", LOGIN)), 200);
  assertEquals(await statusOf(scene.get(`../nobody/${index}`, LOGIN)), 404);
});

Deno.test("HLS: a viewer counts as a reader until it has asked for nothing for 30 s", async () => {
  await using scene = await openScene();
  const { test } = scene;
  const end = await enter(scene);
  const [session] = test.sessions.list().filter(({ type }) =>
    type === "hlsSession"
  );
  assertEquals(session!.pathName, PATH);
  assert(session!.outboundBytes > 0);
  assertEquals(
    test.paths.find(PATH)!.readers.map(({ id }) => id),
    [session!.id],
  );
  test.clock.advance(29_000);
  assertEquals(await statusOf(scene.get(`video1_stream.m3u8${end}`)), 200);
  test.clock.advance(29_000);
  assertEquals(await statusOf(scene.get(`video1_stream.m3u8${end}`)), 200);
  test.clock.advance(31_000);
  assertEquals(await statusOf(scene.get(`video1_stream.m3u8${end}`)), 401);
  assertEquals(test.paths.find(PATH)!.readers, []);
  assert(test.lines.some((line) => line.includes("closed: inactive")));
});

Deno.test("HLS: a viewer that is kicked has to come again", async () => {
  await using scene = await openScene();
  const end = await enter(scene);
  const [session] = scene.test.sessions.list().filter(({ type }) =>
    type === "hlsSession"
  );
  assertEquals(scene.test.sessions.kick(session!.id, "x"), true);
  assertEquals(await statusOf(scene.get(`video1_stream.m3u8${end}`)), 401);
  assert(scene.test.lines.some((line) => line.includes("closed: kicked")));
});

Deno.test("HLS: a delivery network with the secret needs no session", async () => {
  await using scene = await openScene({ hlsCDNSecret: new Secret("s3cret") }, {
    authenticator: passwordAuthenticator,
  });
  const headers = { Authorization: "Bearer s3cret" };
  const index = await scene.index("", headers);
  assertEquals(index.headers.get("Cache-Control"), "public, max-age=30");
  assert(!(await index.text()).includes("session="));
  const playlist = await scene.get("video1_stream.m3u8", headers);
  assertEquals(playlist.headers.get("Cache-Control"), "no-cache");
  const { segments } = readMediaPlaylist(await playlist.text());
  const file = await scene.get(segments.at(-1)!.uri!, headers);
  assertEquals(file.headers.get("Cache-Control"), "public, max-age=3600");
  await file.body?.cancel();
  const sessions = scene.test.sessions.list().filter(({ type }) =>
    type === "hlsSession"
  );
  assertEquals(sessions.map(({ details }) => details), [{ isCDN: true }]);
  const wrong = { Authorization: "Bearer s3cre" };
  assertEquals(await statusOf(scene.get("video1_stream.m3u8", wrong)), 401);
});

Deno.test("HLS: the window outlives a publisher, for hlsMuxerCloseAfter", async () => {
  await using scene = await openScene({ hlsMuxerCloseAfterMs: 20_000 });
  const { test, publisher } = scene;
  const end = await enter(scene);
  publisher.grant[Symbol.dispose]();
  test.clock.advance(10_000);
  assertEquals((await playlistOf(scene, end)).segments.at(-1)!.msn, 8);
  const next = await scene.publish();
  next.push(60);
  const { segments } = await playlistOf(scene, end);
  assertEquals(
    segments.slice(-2).map(({ msn, discontinuity }) => [msn, discontinuity]),
    [[9, 1], [10, 1]],
  );
  assertEquals(test.paths.find(PATH)!.readers.length, 1);
  next.grant[Symbol.dispose]();
  test.clock.advance(10_000);
  assertEquals(await statusOf(scene.get(`video1_stream.m3u8${end}`)), 200);
  test.clock.advance(11_000);
  assertEquals(await statusOf(scene.get(`video1_stream.m3u8${end}`)), 401);
});

Deno.test("HLS: with hlsAlwaysRemux nobody has to ask", async () => {
  await using scene = await openScene({ hlsAlwaysRemux: true });
  const { test, publisher } = scene;
  const muxers = () =>
    test.sessions.list().filter(({ type }) => type === "hlsMuxer")
      .map(({ pathName }) => pathName);
  assertEquals(muxers(), [PATH]);
  test.clock.advance(300_000);
  assertEquals(muxers(), [PATH]);
  publisher.grant[Symbol.dispose]();
  test.clock.advance(61_000);
  assertEquals(muxers(), []);
});

Deno.test("HLS: a segment that grows too large ends the muxer, not the server", async () => {
  await using scene = await openScene({ hlsSegmentMaxSizeBytes: 500 });
  assertEquals(await statusOf(scene.index()), 500);
  assert(
    scene.test.lines.some((line) =>
      line.includes("muxer instance crashed: reached maximum segment size")
    ),
  );
});

Deno.test("HLS: other keys than its own leave a server alone", async () => {
  await using scene = await openScene();
  const config = { hlsSegmentCount: 8 };
  assertEquals(scene.server.apply({ ...scene.config }), "done");
  assertEquals(scene.server.apply({ ...scene.config, ...config }), "restart");
  const secret = { hlsCDNSecret: new Secret("other") };
  assertEquals(scene.server.apply({ ...scene.config, ...secret }), "restart");
});
