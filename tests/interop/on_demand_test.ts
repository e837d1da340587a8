import { assert, assertEquals } from "#test/assert.ts";
import { clip } from "#test/clips.ts";
import { readFrames } from "#test/framemd5.ts";
import { interopTest } from "#test/programs.ts";
import { openRawRtsp } from "#test/raw_rtsp.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { checkAudio, checkPictures } from "./check_frames.ts";
import { complaintsOf, mediaArgs, readPath, RTSP_WAYS } from "./ffmpeg_peer.ts";

const MEDIA_ARGS = mediaArgs("h264");

/** A command that publishes a clip to the path that somebody wants to read. */
async function publishingConfig(): Promise<string> {
  const file = await clip("bframes_aac");
  return `
paths:
  "~^live/(.+)$":
    runOnDemand: ffmpeg -nostdin -loglevel error -re -i ${file} -c copy -f rtsp -rtsp_transport tcp rtsp://127.0.0.1:$RTSP_PORT/$MTX_PATH
    runOnDemandCloseAfter: 500ms
    runOnUnDemand: sh -c 'echo gone'
`;
}

interopTest({
  name: "a command publishes what somebody wants to read, once for all readers",
  needs: ["ffmpeg"],
  fn: async (t) => {
    const { frames: published } = await readFrames(await clip("bframes_aac"), {
      outputArgs: MEDIA_ARGS,
    });
    await using server = await startWeir({ config: await publishingConfig() });
    const readings = await Promise.all(
      [...RTSP_WAYS, "RTMP" as const].map(async (readWay) => ({
        readWay,
        ...await readPath(server, {
          way: readWay,
          path: "live/cam",
          outputArgs: MEDIA_ARGS,
        }),
      })),
    );
    for (const reading of readings) {
      await t.step(`read over ${reading.readWay}`, () => {
        assertEquals(complaintsOf(reading), [], "messages of the reader");
        const comparison = {
          publishWay: "RTSP/TCP" as const,
          readWay: reading.readWay,
          published,
          read: reading.frames,
        };
        checkPictures(comparison);
        checkAudio({ ...comparison, codec: "aac" });
      });
    }
    await server.waitForLog(
      /runOnDemand command stopped: not needed by anyone/,
    );
    await server.waitForLog(/^gone$/);
    const count = (part: string) =>
      server.log.filter((line) => line.includes(part)).length;
    assertEquals(count("[path live/cam] runOnDemand command started"), 1);
    assertEquals(count("[path live/cam] runOnUnDemand command launched"), 1);
    assertEquals(await server.stop(), 0);
  },
});

interopTest({
  name: "what was started on demand ends with the server, its children too",
  needs: ["ffmpeg"],
  fn: async () => {
    await using server = await startWeir({
      config: `
paths:
  cam:
    runOnDemand: sh -c 'echo started; ffmpeg -nostdin -loglevel error -re -f lavfi -i testsrc2=s=320x180 -c:v libx264 -tune zerolatency -f rtsp rtsp://127.0.0.1:$RTSP_PORT/cam; echo ended'
`,
    });
    using reader = await openRawRtsp(server.rtspPort);
    assertEquals(await reader.play(server.rtspUrl("cam")), 200);
    await reader.media(1);
    assertEquals(await server.stop(), 0);
    assert(server.log.includes("started"), server.log.join("\n"));
    assert(
      server.log.some((line) => line.includes("stopped: path is closing")),
      server.log.join("\n"),
    );
  },
});

Deno.test("readers of a command that brings nothing are told so, all at the same time", async () => {
  await using server = await startWeir({
    config: `
paths:
  cam: {runOnDemand: sleep 60, runOnDemandStartTimeout: 500ms}
`,
  });
  const statuses = await Promise.all(
    Array.from({ length: 50 }, () => describe(server)),
  );
  assertEquals(new Set(statuses), new Set([400]));
  await server.waitForLog(/runOnDemand command stopped: timed out/);
  const starts = server.log.filter((line) =>
    line.includes("runOnDemand command started")
  );
  assertEquals(starts.length, 1);
  assertEquals(await describe(server), 400, "the next one starts it again");
  assertEquals(await server.stop(), 0);
});

async function describe(server: WeirProcess): Promise<number> {
  using client = await openRawRtsp(server.rtspPort);
  return (await client.describe(server.rtspUrl("cam"))).status;
}
