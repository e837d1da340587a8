import { AuthenticationError, type Authenticator } from "#base/access.ts";
import { systemClock } from "#base/clock.ts";
import { parseIpNetwork } from "#base/ip.ts";
import { playback } from "#recording/playback/mod.ts";
import { wallTimeText } from "#base/wall_time.ts";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import {
  openAuthenticator,
  passwordAuthenticator,
  testPortsWith,
  USER,
} from "#test/test_ports.ts";
import { type MadeRecording, plainSamples } from "./made_recording.ts";
import { recordedFolder, START_US } from "./recorded_folder.ts";

const START = "2026-03-01T12:00:00Z";

/** A playback server over four seconds of the path `cam`, and its log. */
interface TestPlayback extends AsyncDisposable {
  readonly origin: string;
  readonly lines: readonly string[];
  call(path: string, init?: RequestInit): Promise<Response>;
}

async function openPlayback(
  authenticator: Authenticator = openAuthenticator,
  ...recordings: readonly Partial<MadeRecording>[]
): Promise<TestPlayback> {
  const folder = await recordedFolder({}, ...recordings);
  const { recordPath } = folder;
  const scene = testPortsWith(systemClock, { authenticator });
  const paths = new Map<
    string,
    { recordPath: string; recordFormat: "fmp4" | "mpegts" }
  >([
    ["ts", { recordPath, recordFormat: "mpegts" }],
    ["~^cam", { recordPath, recordFormat: "fmp4" }],
  ]);
  const running = await playback({ paths: () => paths }).open({
    playback: true,
    playbackAddress: "127.0.0.1:0",
    playbackEncryption: false,
    playbackServerKey: "",
    playbackServerCert: "",
    playbackAllowOrigins: ["*"],
    playbackTrustedProxies: [parseIpNetwork("127.0.0.1")],
    readTimeoutMs: 10_000,
    writeTimeoutMs: 10_000,
  }, scene.ports);
  const [, port] = /listener on :(\d+)/.exec(scene.lines.join("\n"))!;
  const origin = `http://127.0.0.1:${port}`;
  return {
    origin,
    lines: scene.lines,
    call: (path, init) => fetch(origin + path, init),
    async [Symbol.asyncDispose](): Promise<void> {
      await running![Symbol.asyncDispose]();
      scene[Symbol.dispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const REFUSALS: [path: string, status: number, error: string][] = [
  ["/list", 400, "invalid path name: cannot be empty"],
  [
    "/list?path=../a",
    400,
    "invalid path name: can't contain dot path segments",
  ],
  ["/list?path=other", 400, "path 'other' is not configured"],
  ["/list?path=cam2", 404, "no recording segments found"],
  ["/list?path=ts", 500, "MPEG-TS format is not supported yet"],
  [
    "/list?path=cam&start=x",
    400,
    'invalid start: must be a time such as 2026-03-01T12:00:00Z, found "x"',
  ],
  [
    "/list?path=cam&start=2027-01-01T00:00:00Z",
    404,
    "no recording segments found",
  ],
  [
    `/get?path=ts&start=${START}&duration=1`,
    400,
    "MPEG-TS format is not supported yet",
  ],
  [
    `/get?path=cam&start=${START}&duration=1&format=avi`,
    400,
    "invalid format: avi",
  ],
  [`/get?path=cam&start=${START}&duration=1&gaps=x`, 400, "invalid gaps: x"],
  [
    `/get?path=cam&start=2026-03-01T12:01:00Z&duration=1`,
    404,
    "no recording segments found",
  ],
  ["/hls/a/../../b/index.m3u8", 404, ""],
  ["/hls/cam/init.mp4?file=0", 404, "no recording segments found"],
  [
    `/hls/cam/chunk.mp4?file=${START_US}&chunk=9&offset=0`,
    404,
    "no recording segments found",
  ],
  ["/hls/cam/other.mp4", 404, ""],
  ["/other", 404, ""],
];

Deno.test("the playback server says why it refuses", async () => {
  await using server = await openPlayback();
  for (const [path, status, error] of REFUSALS) {
    const answer = await server.call(path);
    const text = await answer.text();
    assertEquals(answer.status, status, `${path}: ${text}`);
    if (error !== "") assertEquals(JSON.parse(text).error, error);
  }
});

Deno.test("/list answers what can be had from /get", async () => {
  await using server = await openPlayback();
  const answer = await server.call("/list?path=cam", {
    headers: { "X-Forwarded-Proto": "https" },
  });
  const host = server.origin.slice("http://".length);
  const start = wallTimeText(START_US);
  const query = new URLSearchParams({ duration: "4", path: "cam", start });
  const url = `https://${host}/get?${query}`;
  assertEquals(await answer.json(), [{ start, duration: 4, url }]);
  const cut = await server.call(
    "/list?path=cam&start=2026-03-01T12:00:00.5Z&end=2026-03-01T12:00:03Z",
  );
  const [entry] = await cut.json();
  assertEquals(entry.start, wallTimeText(START_US + 500_000));
  assertEquals(entry.duration, 2.5);
});

Deno.test("/get answers a film, and nothing of it to HEAD", async () => {
  await using server = await openPlayback();
  for (const format of ["fmp4", "mp4"]) {
    const path = `/get?path=cam&start=${START}&duration=1m&format=${format}`;
    const answer = await server.call(path);
    assertEquals(answer.status, 200);
    assertEquals(answer.headers.get("Content-Type"), "video/mp4");
    assertEquals(answer.headers.get("Accept-Ranges"), "none");
    const text = new TextDecoder("latin1").decode(await answer.bytes());
    assert(text.includes("picture 39"), "the last picture");
    const head = await server.call(path, { method: "HEAD" });
    assertEquals([head.status, await head.text()], [200, ""]);
  }
});

Deno.test("/get goes on after more files were asked for than it prepares at the same time", async () => {
  await using server = await openPlayback();
  const path = `/get?path=cam&start=${START}&duration=1m&format=mp4`;
  const status = async () => {
    const answer = await server.call(path);
    await answer.body?.cancel();
    return answer.status;
  };
  const statuses = await Promise.all(Array.from({ length: 40 }, status));
  assert(statuses.every((one) => one === 200 || one === 503), `${statuses}`);
  assertEquals(await status(), 200);
});

Deno.test("/hls answers a playlist whose addresses can be had", async () => {
  await using server = await openPlayback();
  const answer = await server.call(
    `/hls/cam/index.m3u8?start=${START}&token=a%26b`,
  );
  assertEquals(
    answer.headers.get("Content-Type"),
    "application/vnd.apple.mpegurl",
  );
  const playlist = await answer.text();
  const addresses = [...playlist.matchAll(/^(?!#).+$|(?<=URI=")[^"]+/gm)];
  assertEquals(addresses.length, 3);
  let media = "";
  for (const [address] of addresses) {
    assert(address.includes("token=a%26b"), address);
    const part = await server.call(`/hls/cam/${address}`);
    assertEquals(part.status, 200);
    media += new TextDecoder("latin1").decode(await part.bytes());
  }
  assertEquals(media.match(/picture \d+/g)?.length, 40);
});

Deno.test("the playback server asks who is there", async () => {
  await using server = await openPlayback(passwordAuthenticator);
  const paths = [
    "/list?path=cam",
    `/get?path=cam&start=${START}&duration=1`,
    "/hls/cam/index.m3u8",
    `/hls/cam/init.mp4?file=${START_US}`,
    `/hls/cam/chunk.mp4?file=${START_US}&chunk=0&offset=0`,
    "/paths",
  ];
  const login = btoa(`${USER.name}:${USER.password}`);
  for (const path of paths) {
    const refused = await server.call(path);
    assertEquals(refused.status, 401);
    assertEquals(
      refused.headers.get("WWW-Authenticate"),
      'Basic realm="mediamtx"',
    );
    await refused.body?.cancel();
    const answer = await server.call(path, {
      headers: { Authorization: `Basic ${login}` },
    });
    assertEquals(answer.status, 200, path);
    await answer.body?.cancel();
  }
});

Deno.test("/paths answers those that may be played", async () => {
  const onlyCam1: Authenticator = {
    authenticate: ({ pathName }) =>
      pathName === "cam1"
        ? Promise.resolve({ user: "" })
        : Promise.reject(new AuthenticationError("no", true)),
  };
  const other = { pathName: "cam1" };
  await using some = await openPlayback(onlyCam1, other);
  assertEquals(await (await some.call("/paths")).json(), ["cam1"]);
  await using all = await openPlayback(openAuthenticator, other, {
    pathName: "other",
  });
  assertEquals(await (await all.call("/paths")).json(), ["cam", "cam1"]);
});

Deno.test("/get prepares no more than eight MP4 files at the same time", async () => {
  const long = {
    pathName: "cam1",
    samples: plainSamples(600),
    cutSeconds: [0],
  };
  await using server = await openPlayback(openAuthenticator, long);
  const get = async () => {
    const query = `path=cam1&start=${START}&duration=1h&format=mp4`;
    const answer = await server.call(`/get?${query}`);
    const bytes = await answer.bytes();
    return { status: answer.status, text: new TextDecoder().decode(bytes) };
  };
  const answers = await Promise.all(Array.from({ length: 32 }, get));
  const films = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status === 503);
  assertEquals(films.length + refused.length, answers.length);
  assert(films.length >= 8 && refused.length > 0, `${films.length} films`);
  for (const { text } of films) assertEquals(text, films[0]!.text);
  for (const { text } of refused) assertIncludes(text, "format=fmp4");
  assertEquals((await get()).status, 200);
});

Deno.test("the page loads nothing from elsewhere", async () => {
  await using server = await openPlayback(passwordAuthenticator);
  const page = await server.call("/");
  assertEquals(page.headers.get("Content-Type"), "text/html; charset=utf-8");
  const policy = page.headers.get("Content-Security-Policy") ?? "";
  assert(policy.startsWith("default-src 'none'; script-src 'self'"), policy);
  const text = await page.text();
  const addresses = [...text.matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)];
  assertEquals(addresses.length, 3);
  for (const [, address] of addresses) {
    const file = await server.call(`/${address}`);
    assertEquals(file.status, 200, address);
    await file.body?.cancel();
  }
});

Deno.test("the playback server lets pages of others ask", async () => {
  await using server = await openPlayback();
  const answer = await server.call("/list", {
    method: "OPTIONS",
    headers: { "Access-Control-Request-Method": "GET" },
  });
  assertEquals(answer.status, 204);
  const { headers } = answer;
  assertEquals(headers.get("Access-Control-Allow-Methods"), "OPTIONS, GET");
  assertEquals(headers.get("Access-Control-Allow-Headers"), "Authorization");
  assertEquals(headers.get("Access-Control-Allow-Origin"), "*");
});

Deno.test("the playback server ends while a film is being sent", async () => {
  const server = await openPlayback();
  const answer = await server.call(
    `/get?path=cam&start=${START}&duration=4`,
  );
  await server[Symbol.asyncDispose]();
  await answer.body?.cancel();
});
