import { AuthenticationError } from "#base/access.ts";
import { HttpError } from "#http/http_error.ts";
import { PlatformError } from "#platform/errors.ts";
import { Secret } from "#base/secret.ts";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { settled } from "#test/fake_clock.ts";
import type { TestPortsOptions } from "#test/test_ports.ts";
import { type HlsScene, openScene } from "../open_scene.ts";
import { MadePast, PAST_START_MS, pastChunk } from "./made_past.ts";

const WINDOW = { hlsDvrWindowMs: 3_600_000 };
const ASK = "?dvr=1&cookieCheck=1";

/** One chunk, and no more. */
const update = (isGrowing = true, chunks = [pastChunk()]) => ({
  chunks,
  files: new Set(chunks.map(({ fileStartUs }) => fileStartUs)),
  isGrowing,
});

function openPast(past: MadePast, options: TestPortsOptions = {}) {
  return openScene(WINDOW, options, () => Promise.resolve(past));
}

async function errorOf(answer: Response): Promise<string> {
  return `${answer.status} ${(await answer.json()).error}`;
}

/** What a viewer is sent to, after its first request. */
async function reachBack(scene: HlsScene): Promise<string> {
  const answer = await scene.index(ASK);
  const text = await answer.text();
  assertEquals(answer.status, 200, text);
  assertIncludes(text, 'CODECS="avc1.');
  assert(!text.includes("EXT-X-MEDIA"), "sound is in the same files");
  return text.split("\n").find((line) => line.startsWith("dvr.m3u8"))!;
}

Deno.test("a viewer reaches back: first playlist, playlist, header and chunk", async () => {
  const past = new MadePast(update());
  await using scene = await openPast(past);
  const uri = await reachBack(scene);
  const playlist = await scene.get(uri);
  assertEquals(playlist.headers.get("Cache-Control"), "private, no-cache");
  const [header, chunk] = (await playlist.text()).match(/dvr_[^\s"]+/g)!;
  for (
    const [name, text] of [[header!, "header"], [chunk!, "chunk 0"]] as const
  ) {
    const answer = await scene.get(name);
    assertEquals(answer.headers.get("Content-Type"), "video/mp4");
    assertEquals(await answer.text(), text);
  }
  const query = uri.slice(uri.indexOf("?"));
  for (const name of ["dvr_0123456789ab_0.mp4", chunk!.replace("_0.", "_9.")]) {
    const answer = await scene.get(`${name.split("?")[0]}${query}`);
    assertEquals(answer.status, 404, name);
    await answer.body?.cancel();
  }
});

Deno.test("viewers look at the disk together, and not all the time", async () => {
  const next = pastChunk({
    startWallMs: PAST_START_MS + 4_000,
    fileStartUs: PAST_START_MS * 1_000,
  });
  const past = new MadePast(update(), update(true, [next]));
  await using scene = await openPast(past);
  const uri = await reachBack(scene);
  const counts = async () => {
    const answers = await Promise.all([1, 2, 3].map(() => scene.get(uri)));
    const texts = await Promise.all(answers.map((one) => one.text()));
    return texts.map((text) => text.match(/#EXTINF/g)?.length);
  };
  assertEquals(await counts(), [1, 1, 1]);
  assertEquals(past.questions, 1);
  scene.test.clock.advance(2_000);
  assertEquals(await counts(), [2, 2, 2]);
  assertEquals(past.questions, 2);
});

Deno.test("a viewer waits for the first chunk of a recording that has just begun", async () => {
  const past = new MadePast(update(true, []), update(true, []), update());
  await using scene = await openPast(past);
  const answer = scene.index(ASK);
  for (let i = 1; i <= 2; i++) {
    while (past.questions < i) await settled();
    await settled();
    scene.test.clock.advance(2_000);
  }
  assertEquals((await (await answer).text()).includes("dvr.m3u8"), true);
});

Deno.test("nothing to reach back to: the answer says what to do, and no session stays", async () => {
  const nothing = await openScene();
  assertEquals(
    await errorOf(await nothing.get(`index.m3u8${ASK}`)),
    "400 Cannot reach back: hlsDvrWindow is 0; set it to how far, for example 2h",
  );
  await nothing[Symbol.asyncDispose]();
  const cases: [past: MadePast, error: string][] = [
    [
      new MadePast(update(false, [])),
      "404 Cannot reach back: nothing of path 'live/cam' was recorded in the time of hlsDvrWindow; set record: yes to record it",
    ],
    [
      new MadePast(
        new HttpError(400, "MPEG-TS format is not supported yet"),
        update(),
      ),
      "400 Cannot reach back: MPEG-TS format is not supported yet; recordFormat: fmp4 is needed",
    ],
    [
      new MadePast(
        new PlatformError("read /secret", "it is locked", {
          code: "permission",
        }),
      ),
      "500 Cannot read the recordings",
    ],
  ];
  for (const [past, error] of cases) {
    await using scene = await openPast(past);
    assertEquals(await errorOf(await scene.index(ASK)), error);
    assertEquals(past.questions, 1);
    const types = scene.test.ports.sessions.list().map(({ type }) => type);
    assert(!types.includes("hlsSession"), `${types}`);
    if (!error.startsWith("400")) continue;
    // A failure is not remembered.
    assertIncludes(await (await scene.index(ASK)).text(), "dvr.m3u8");
  }
});

Deno.test("reaching back needs the permission to play recordings", async () => {
  const authenticator: TestPortsOptions["authenticator"] = {
    authenticate: ({ action }) =>
      action === "playback"
        ? Promise.reject(new AuthenticationError("not allowed", true))
        : Promise.resolve({ user: "" }),
  };
  const past = new MadePast(update());
  await using scene = await openPast(past, { authenticator });
  const refused = await scene.get(`index.m3u8${ASK}`);
  assertEquals(refused.status, 401);
  await refused.body?.cancel();
  const text = await (await scene.index()).text();
  const [session] = /session=[0-9a-f-]+/.exec(text)!;
  assertEquals(
    await errorOf(await scene.get(`dvr.m3u8?${session}`)),
    "403 Cannot reach back: the session did not begin with index.m3u8?dvr=1",
  );
  assertEquals(past.questions, 0);
});

Deno.test("without a session nobody reaches back", async () => {
  await using scene = await openPast(new MadePast(update()));
  await reachBack(scene);
  for (const query of ["", "?session=00000000-0000-4000-8000-000000000000"]) {
    const answer = await scene.get(`dvr.m3u8${query}`);
    assertEquals(answer.status, 401);
    await answer.body?.cancel();
  }
});

Deno.test("a delivery network reaches back with its secret, and may keep chunks", async () => {
  const past = new MadePast(update());
  await using scene = await openScene(
    { ...WINDOW, hlsCDNSecret: new Secret("network") },
    {},
    () => Promise.resolve(past),
  );
  const headers = { Authorization: "Bearer network" };
  const index = await scene.index("?dvr=1", headers);
  assertIncludes(await index.text(), "dvr.m3u8?dvr=1\n");
  const playlist = await scene.get("dvr.m3u8?dvr=1", headers);
  assertEquals(playlist.headers.get("Cache-Control"), "public, max-age=2");
  const [, chunk] = (await playlist.text()).match(/dvr_[^\s"]+/g)!;
  const answer = await scene.get(chunk!, headers);
  assertEquals(answer.headers.get("Cache-Control"), "public, max-age=3600");
  await answer.body?.cancel();
});

Deno.test("a playlist that nobody has asked for begins anew", async () => {
  const past = new MadePast(update(), update(), update());
  await using scene = await openScene(
    { ...WINDOW, hlsAlwaysRemux: true },
    {},
    () => Promise.resolve(past),
  );
  const prefixOf = async (uri: string) => {
    const text = await (await scene.get(uri)).text();
    return /dvr_[0-9a-f]{12}/.exec(text)![0];
  };
  const before = await prefixOf(await reachBack(scene));
  assertEquals(await prefixOf(await reachBack(scene)), before);
  scene.test.clock.advance(299_999);
  assertEquals(await prefixOf(await reachBack(scene)), before);
  scene.test.clock.advance(300_000);
  assert(await prefixOf(await reachBack(scene)) !== before, "another one");
});

Deno.test("the end of the server ends what is being sent", async () => {
  const past = new MadePast(update());
  const scene = await openPast(past);
  await reachBack(scene);
  await scene[Symbol.asyncDispose]();
  assert(past.isDisposed, "the recordings are let go");
});
