import { join } from "node:path";
import { assert, assertEquals } from "#test/assert.ts";
import { clip } from "#test/clips.ts";
import { freeTcpPort } from "#test/ports.ts";
import { interopTest } from "#test/programs.ts";
import { recordedFiles } from "#test/recorded.ts";
import { startWeir } from "#test/weir_process.ts";
import { FaultyProxy } from "./faulty_proxy.ts";
import { startPublisher, waitUntilAvailable } from "./ffmpeg_peer.ts";
import {
  AWS_ENVIRONMENT,
  S3Server,
  VERSITYGW,
  withFolder,
} from "./s3_server_peer.ts";

const PATIENCE_MS = 60_000;

/** Requests that would wait for the server at the same time. */
const WAITING_REQUESTS = 36;

interface ListEntry {
  readonly start: string;
  readonly duration: number;
  readonly url: string;
}

interface Answer {
  readonly status: number;
  readonly bytes: Uint8Array;
}

async function get(url: string): Promise<Answer> {
  const response = await fetch(url);
  return { status: response.status, bytes: await response.bytes() };
}

interopTest({
  name:
    "recordings on the disk are played while the server of the others does not answer",
  needs: ["ffmpeg", "versitygw"],
  fn: () => withFolder(playBesideHanging),
});

async function playBesideHanging(folder: string): Promise<void> {
  await using s3 = new S3Server(VERSITYGW, folder);
  await s3.start();
  await using proxy = new FaultyProxy(s3.url);
  const port = freeTcpPort();
  const options = {
    env: AWS_ENVIRONMENT,
    config: `
logLevel: debug
playback: yes
playbackAddress: 127.0.0.1:${port}
pathDefaults:
  record: yes
  recordSegmentDuration: 1s
  recordPath: ${folder}/rec/%path/%Y-%m-%d_%H-%M-%S-%f
paths:
  local:
  both:
    recordUpload: s3://recordings/site
    recordUploadEndpoint: ${proxy.url}
`,
  };
  const base = `http://127.0.0.1:${port}`;
  const list = async (path: string): Promise<ListEntry[]> =>
    await (await fetch(`${base}/list?path=${path}`)).json();
  {
    await using weir = await startWeir(options);
    const file = await clip("short_groups");
    const publishers = ["local", "both"].map((path) =>
      startPublisher(weir, { ...{ way: "RTSP/TCP", path }, file })
    );
    for (const path of ["local", "both"]) await waitUntilAvailable(weir, path);
    for (const one of publishers) {
      await one.waitForLine(/^out_time=00:00:0[4-9]/);
    }
    const names = (await recordedFiles(join(folder, "rec/both")))
      .map(({ path }) => path);
    const gone = names.slice(0, 2);
    for (const name of gone) {
      const uploaded = new RegExp(`${RegExp.escape(name)} (?:to|is at) http`);
      await weir.waitForLog(uploaded, PATIENCE_MS);
      await Deno.remove(name);
    }
    assertEquals(await weir.stop(), 0);
    for (const one of publishers) await one[Symbol.asyncDispose]();
  }
  await using weir = await startWeir(options);
  await weir.waitForLog(/\[playback\] started/);
  const [all] = await list("both");
  const startMs = Date.parse(all!.start);
  const [local] = await list("local");
  const film = await get(local!.url);
  assertEquals(film.status, 200);
  const playlistUrl = `${base}/hls/both/index.m3u8`;
  const playlist = new TextDecoder().decode((await get(playlistUrl)).bytes);
  const [first] = playlist.match(/^chunk.*/m)!;
  const chunkUrl = new URL(first, playlistUrl).href;
  assertEquals((await get(chunkUrl)).status, 200, "it is in the bucket");
  proxy.fault = { kind: "hang", atBytes: 0, count: Infinity };
  const urls = [chunkUrl, all!.url, `${all!.url}&format=mp4`];
  let answered = 0;
  const waiting = Array.from(
    { length: WAITING_REQUESTS },
    (_, i) => get(urls[i % urls.length]!).finally(() => answered++),
  );
  // So many wait that no further one of theirs is taken.
  await Promise.any(waiting.map(async (one) => {
    assertEquals((await one).status, 503);
  }));
  const whole = await get(`${local!.url}&format=mp4`);
  assertEquals([whole.status, whole.bytes.length > 10_000], [200, true]);
  assertEquals(await get(local!.url), film);
  assertEquals((await list("local")).length, 1);
  assert(answered < WAITING_REQUESTS, "others still wait");
  for (const { status } of await Promise.all(waiting)) {
    assert([200, 400, 404, 503].includes(status), `status ${status}`);
  }
  let [rest] = await list("both");
  // What is known of the bucket is forgotten once it has not answered.
  const endMs = Date.now() + PATIENCE_MS;
  while (Date.parse(rest!.start) === startMs) {
    assert(Date.now() < endMs, "what is on the disk is there by itself");
    [rest] = await list("both");
  }
  assertEquals((await get(rest!.url)).status, 200);
  const last = get(chunkUrl).catch(() => undefined); // ended with the server
  assertEquals(await weir.stop(), 0);
  await last;
}
