import { join } from "node:path";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { clip } from "#test/clips.ts";
import { freeTcpPort } from "#test/ports.ts";
import { runProcess, startProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { namesIn, recordedFiles } from "#test/recorded.ts";
import { startWeir } from "#test/weir_process.ts";
import { waitUntilAvailable } from "./ffmpeg_peer.ts";

interface Recording {
  readonly name: string;
  readonly segments: readonly { readonly start: string }[];
}

interopTest({
  name:
    "recordings are switched by the API and by the file, told by hooks, listed and deleted",
  needs: ["ffmpeg"],
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "weir_rec_" });
    try {
      await controlRecordings(folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

async function controlRecordings(folder: string): Promise<void> {
  const apiAddress = `127.0.0.1:${freeTcpPort()}`;
  const configOf = (record: boolean) => `
logLevel: debug
api: yes
apiAddress: ${apiAddress}
paths:
  "~^live/(.+)$":
    record: ${record}
    recordPath: ${folder}/%path/%Y-%m-%d_%H-%M-%S-%f
    recordPartDuration: 200ms
    runOnRecordSegmentCreate: echo HOOK created $MTX_SEGMENT_PATH
    runOnRecordSegmentComplete: echo HOOK completed $MTX_SEGMENT_PATH $MTX_SEGMENT_DURATION $G1
`;
  await using weir = await startWeir({ config: configOf(false) });
  const call = async (path: string, method = "GET") => {
    const response = await fetch(`http://${apiAddress}/v3/recordings/${path}`, {
      method,
    });
    return { status: response.status, body: await response.json() };
  };
  await using _publisher = startProcess("ffmpeg", [
    ..."-nostdin -v error -re -stream_loop -1 -i".split(" "),
    await clip("short_groups"),
    ..."-c copy -f rtsp -rtsp_transport tcp".split(" "),
    weir.rtspUrl("live/cam"),
  ]);
  await waitUntilAvailable(weir, "live/cam");

  assertEquals((await call("start/live/none", "POST")).status, 404);
  assertEquals((await call("start/live/cam", "POST")).status, 200);
  const [, first] = await weir.waitForLog(/^HOOK created (\S+)$/);
  await weir.waitForLog(/creating segment/);
  assertEquals((await call("stop/live/cam", "POST")).status, 200);
  const [, completed, seconds, group] = await weir.waitForLog(
    /^HOOK completed (\S+) ([\d.]+) (\S+)$/,
  );
  assertEquals([completed, group], [first, "cam"]);
  assert(Number(seconds) > 0, seconds);

  await weir.rewriteConfig(configOf(true));
  await weir.waitForLog(new RegExp(`^HOOK created (?!${first}$)`));
  const unavailable = /stream is not available/;
  assertEquals(weir.log.some((line) => unavailable.test(line)), false);

  const { items } = (await call("list")).body as { items: Recording[] };
  assertEquals(items.map(({ name }) => name), ["live/cam"]);
  const [old, open] = items[0]!.segments;
  const remove = (start: string) =>
    call(
      `deletesegment?${new URLSearchParams({ path: "live/cam", start })}`,
      "DELETE",
    );
  assertIncludes((await remove(open!.start)).body.error, "is being written");
  assertEquals((await remove(old!.start)).status, 200);
  assertEquals((await call("get/live/cam")).body.segments.length, 1);
  const files = await recordedFiles(join(folder, "live/cam"));
  assertEquals(files.map(({ path }) => path === first), [false]);

  const outside = await runProcess("ffmpeg", [
    ..."-nostdin -v error -re -i".split(" "),
    await clip("short_groups"),
    ..."-c copy -t 1 -f rtsp".split(" "),
    weir.rtspUrl("live/../../outside"),
  ]);
  assert(outside.code !== 0);
  assertEquals(await weir.stop(), 0);
  assertEquals(await namesIn(folder), ["live"]);
}
