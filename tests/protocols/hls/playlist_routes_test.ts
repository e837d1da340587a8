import { assert, assertEquals } from "#test/assert.ts";
import { DashChecker, readManifest } from "#test/dash_checker.ts";
import { type HlsScene, openScene } from "./open_scene.ts";

const PICTURES_PER_SECOND = 25;

/** Publishes until there is an answer: sound that does not come is waited for as long as pictures do. */
async function whilePublishing(
  scene: HlsScene,
  answer: Promise<Response>,
): Promise<Response> {
  let isThere = false;
  const settled = answer.finally(() => isThere = true);
  while (!isThere) {
    scene.publisher.push(1);
    await new Promise((go) => setTimeout(go, 1));
  }
  return await settled;
}

/** The address that a viewer without cookies is sent to. */
async function enterManifest(scene: HlsScene): Promise<string> {
  const index = await scene.index();
  await index.body?.cancel();
  const answer = await scene.get("manifest.mpd?a=1&cookieCheck=1");
  await answer.body?.cancel();
  assertEquals(answer.status, 301);
  assertEquals(answer.headers.get("Cache-Control"), "no-store");
  const location = answer.headers.get("Location")!;
  const pattern = /^manifest\.mpd\?a=1&session=([0-9a-f-]{36})&cookieCheck=1$/;
  assert(pattern.test(location), location);
  return location;
}

Deno.test("HLS: a manifest is asked for again and again within one session, outages included", async () => {
  await using scene = await openScene();
  const address = await enterManifest(scene);
  const sessions = () =>
    scene.test.sessions.list().filter(({ type }) => type === "hlsSession")
      .length;
  const before = sessions();
  const checker = new DashChecker();
  for (let i = 0; i < 5; i++) {
    const asked = scene.get(address);
    const answer = await (i < 3 ? whilePublishing(scene, asked) : asked);
    const text = await answer.text();
    assertEquals(
      [answer.status, answer.headers.get("Content-Type")],
      [200, "application/dash+xml"],
      text,
    );
    const { periods } = checker.check(text);
    for (const { headerUrl, segments } of periods[0]!.tracks) {
      for (const url of [headerUrl, ...segments.map(({ url }) => url)]) {
        assert(/\?a=1&session=[0-9a-f-]{36}$/.test(url), url);
        const file = await scene.get(url);
        assertEquals(file.status, 200, url);
        await file.body?.cancel();
      }
    }
    if (i === 2) scene.publisher.grant[Symbol.dispose]();
  }
  assertEquals(sessions(), before);
});

Deno.test("HLS: who asks for a segment that no manifest names is told that there is none when there is one", async () => {
  await using scene = await openScene();
  const address = await enterManifest(scene);
  const answer = await whilePublishing(scene, scene.get(address));
  const { periods } = readManifest(await answer.text());
  const { url, startSeconds, durationSeconds } = periods[0]!.tracks[0]!.segments
    .at(-1)!;
  const next = url.replace(
    /_t\d+/,
    `_t${Math.round((startSeconds + durationSeconds) * 1_000_000)}`,
  );
  const asked = scene.get(next);
  // Answers come in the order of the questions, if they can.
  const other = await scene.get(url);
  await other.body?.cancel();
  const first = await Promise.race([asked, Promise.resolve("not yet")]);
  assertEquals(first, "not yet");
  scene.publisher.push(2 * PICTURES_PER_SECOND);
  const late = await asked;
  await late.body?.cancel();
  assertEquals(late.status, 404);
  const now = await scene.get(next);
  assertEquals(now.status, 200);
  await now.body?.cancel();
});

Deno.test("HLS: segments of MPEG-TS have no manifest", async () => {
  await using scene = await openScene({
    hlsVariant: "mpegts",
    hlsSegmentCount: 3,
  });
  const answer = await whilePublishing(
    scene,
    scene.get("manifest.mpd?cookieCheck=1", { Cookie: "cookieCheck=1" }),
  );
  assertEquals(answer.status, 404);
  const text = await answer.text();
  assert(text.includes("needs hlsVariant fmp4 or lowLatency"), text);
});
