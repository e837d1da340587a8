import { clip } from "#test/clips.ts";
import { readFrames } from "#test/framemd5.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { assert, assertEquals } from "#test/assert.ts";
import {
  checkAudio,
  checkCodedVideo,
  checkPictures,
  checkSync,
  valueOf,
} from "./check_frames.ts";
import {
  complaintsOf,
  mediaArgs,
  readPath,
  RTSP_WAYS,
  startPublisher,
  type Way,
} from "./ffmpeg_peer.ts";

const MEDIA_ARGS = mediaArgs("h264");

/** A server whose paths `over/<way>/<name>` are pulled from another one on demand. */
function startHop(origin: WeirProcess): Promise<WeirProcess> {
  const address = `rtsp://127.0.0.1:${origin.rtspPort}`;
  return startWeir({
    config: `
paths:
  "~^tcp/(.+)$": {source: "${address}/$G1", sourceOnDemand: yes, rtspTransport: tcp}
  "~^udp/(.+)$": {source: "${address}/$G1", sourceOnDemand: yes, rtspTransport: udp}
  "~^auto/(.+)$": {source: "${address}/$G1", sourceOnDemand: yes}
`,
  });
}

/** Ways through up to three servers behind the first one. */
const ROUTES: readonly {
  readonly hops: readonly string[];
  readonly publishWay: Way;
}[] = [
  { hops: ["tcp"], publishWay: "RTSP/TCP" },
  { hops: ["udp"], publishWay: "RTSP/UDP" },
  { hops: ["auto"], publishWay: "RTMP" },
  { hops: ["tcp", "udp"], publishWay: "RTSP/TCP" },
  { hops: ["tcp", "tcp", "tcp"], publishWay: "RTMP" },
  { hops: ["udp", "tcp", "udp"], publishWay: "RTSP/TCP" },
];

interopTest({
  name:
    "servers in a row pull from each other: the last reader gets everything, in sync",
  needs: ["ffmpeg"],
  fn: async (t) => {
    const file = await clip("bframes_aac");
    const { frames: published } = await readFrames(file, {
      outputArgs: MEDIA_ARGS,
    });
    await using origin = await startWeir();
    await using first = await startHop(origin);
    await using second = await startHop(first);
    await using third = await startHop(second);
    const servers = [origin, first, second, third];
    const outcomes = await Promise.allSettled(
      ROUTES.map(async ({ hops, publishWay }, i) => {
        const name = `live/${i}`;
        await using _publisher = startPublisher(origin, {
          way: publishWay,
          path: name,
          file,
        });
        await origin.waitForLog(
          new RegExp(`\\[path ${name}\\] stream is available`),
        );
        const readings = RTSP_WAYS.map((way) =>
          readPath(servers[hops.length]!, {
            way,
            path: [...hops].reverse().concat(name).join("/"),
            outputArgs: MEDIA_ARGS,
          })
        );
        return await Promise.all(readings);
      }),
    );
    for (const [i, { hops, publishWay }] of ROUTES.entries()) {
      for (const [j, readWay] of RTSP_WAYS.entries()) {
        const name = [publishWay, ...hops, readWay].join(" > ");
        await t.step(name, () => {
          const reading = valueOf(outcomes[i]!)[j]!;
          assertEquals(complaintsOf(reading), [], "messages of the reader");
          const read = reading.frames;
          const comparison = { publishWay, readWay, published, read };
          const pictures = checkPictures(comparison);
          checkCodedVideo(comparison);
          checkSync(pictures, checkAudio({ ...comparison, codec: "aac" }));
        });
      }
    }
    for (const server of [first, second, third]) {
      const errors = server.log.filter((line) => / ERR /.test(line));
      // The end of the origin's publisher is the end of its connection.
      assert(
        errors.every((line) => line.includes("has closed the connection")),
        errors.join("\n"),
      );
    }
  },
});
