import { join } from "node:path";
import { assert, assertEquals } from "#test/assert.ts";
import { clip } from "#test/clips.ts";
import { freeTcpPort } from "#test/ports.ts";
import { interopTest } from "#test/programs.ts";
import { recordedFiles } from "#test/recorded.ts";
import { startWeir, type WeirOptions } from "#test/weir_process.ts";
import { startPublisher, waitUntilAvailable } from "./ffmpeg_peer.ts";
import {
  AWS_ENVIRONMENT,
  S3_PROGRAMS,
  type S3Program,
  S3Server,
  withFolder,
} from "./s3_server_peer.ts";

const PATIENCE_MS = 60_000;

interface ListEntry {
  readonly start: string;
  readonly duration: number;
  readonly url: string;
}

for (const program of S3_PROGRAMS) {
  interopTest({
    name:
      `${program.name} gives back recordings that are not on the disk any more`,
    needs: ["ffmpeg", ...program.needs],
    fn: () => withFolder((folder) => playFromBucket(folder, program)),
  });
}

async function playFromBucket(
  folder: string,
  program: S3Program,
): Promise<void> {
  await using s3 = new S3Server(program, folder);
  await s3.start();
  const port = freeTcpPort();
  const config = `
logLevel: debug
playback: yes
playbackAddress: 127.0.0.1:${port}
pathDefaults:
  record: yes
  recordSegmentDuration: 1s
  recordPath: ${folder}/rec/%path/%Y-%m-%d_%H-%M-%S-%f
  recordUpload: s3://recordings/site
  recordUploadEndpoint: ${s3.url}
paths:
  front/door:
`;
  const options = { config, env: AWS_ENVIRONMENT };
  const log = await record(options);
  await using weir = await startWeir(options);
  await weir.waitForLog(/\[playback\] started/);
  const recorded = join(folder, "rec/front/door");
  const base = `http://127.0.0.1:${port}`;
  const listUrl = `${base}/list?path=front/door`;
  let files = await recordedFiles(recorded);
  assert(files.length >= 2, `${files.length} files`);
  for (const { path } of files) {
    const pattern = new RegExp(`${RegExp.escape(path)} (?:to|is at) http`);
    if (log.some((line) => pattern.test(line))) continue;
    await weir.waitForLog(pattern, PATIENCE_MS);
  }
  const list: ListEntry[] = await (await fetch(listUrl)).json();
  assertEquals(list.length, 1, "the files are one recording");
  const film = await bytesOf(list[0]!.url);
  const playlistUrl = `${base}/hls/front/door/index.m3u8`;
  const playlist = await (await fetch(playlistUrl)).text();
  while (files.length > 0) {
    await Deno.remove(files[0]!.path);
    files = await recordedFiles(recorded);
    assertEquals(await (await fetch(listUrl)).json(), list);
    assertEquals(await bytesOf(list[0]!.url), film);
  }
  await Deno.remove(join(folder, "rec"), { recursive: true });
  assertEquals(await (await fetch(listUrl)).json(), list);
  assertEquals(await (await fetch(playlistUrl)).text(), playlist);
  const chunk = playlist.split("\n").find((line) => line.includes("chunk.mp4"));
  await bytesOf(new URL(chunk!, playlistUrl).href);
  assertEquals(await (await fetch(`${base}/paths`)).json(), ["front/door"]);
  assertEquals(await weir.stop(), 0);
}

/** Records some seconds of a clip. Output: the log. */
async function record(options: WeirOptions): Promise<readonly string[]> {
  await using weir = await startWeir(options);
  await using publisher = startPublisher(weir, {
    ...{ way: "RTSP/TCP", path: "front/door" },
    file: await clip("short_groups"),
  });
  await waitUntilAvailable(weir, "front/door");
  await publisher.waitForLine(/^out_time=00:00:0[3-9]/);
  assertEquals(await weir.stop(), 0);
  return weir.log;
}

async function bytesOf(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  assertEquals(response.status, 200, url);
  return await response.bytes();
}
