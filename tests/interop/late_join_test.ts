import { type LoadProtocol, openReader } from "../bench/load/reader.ts";
import { CLIP_FRAMES_PER_SECOND } from "#test/clip_recipes.ts";
import { clip } from "#test/clips.ts";
import { type FrameHash, readFrames } from "#test/framemd5.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { checkPictures, valueOf } from "./check_frames.ts";
import {
  addressOf,
  complaintsOf,
  readPath,
  startPublisher,
  waitUntilAvailable,
  type Way,
  WAYS,
} from "./ffmpeg_peer.ts";

/** From the connection to the first bytes of the first picture. */
const MAX_JOIN_MS = 300;

/** Progress of a publisher that is in the middle of its only group of pictures. */
const IN_THE_MIDDLE = /^out_time=00:00:0[5-9]/;

const LOAD_PROTOCOLS: Readonly<Record<Way, LoadProtocol>> = {
  "RTSP/TCP": "rtsp-tcp",
  "RTSP/UDP": "rtsp-udp",
  RTMP: "rtmp",
};

const PICTURES_ARGS = "-map 0:v -c:v rawvideo -enc_time_base:v -1".split(" ");

const PAIRS = WAYS.flatMap((publishWay) =>
  WAYS.map((readWay) => ({ publishWay, readWay, path: pathOf(publishWay) }))
);

interopTest({
  name:
    "A reader that joins within a group of 10 s gets its first picture in 300 ms",
  needs: ["ffmpeg"],
  fn: async (t) => {
    const file = await clip("long_gop");
    const { frames: published } = await readFrames(file, {
      outputArgs: PICTURES_ARGS,
    });
    await using weir = await startWeir();
    await using publishers = new AsyncDisposableStack();
    await Promise.all(WAYS.map(async (way) => {
      const path = pathOf(way);
      const publisher = startPublisher(weir, { way, path, file });
      publishers.use(publisher);
      await waitUntilAvailable(weir, path);
      await publisher.waitForLine(IN_THE_MIDDLE);
    }));
    for (const { publishWay, readWay, path } of PAIRS) {
      await t.step(`${publishWay} to ${readWay}: in time`, async () => {
        const joinMs = await measureJoin(
          addressOf(weir, readWay, path),
          readWay,
        );
        assert(joinMs < MAX_JOIN_MS, `the first picture took ${joinMs} ms`);
      });
    }
    const readings = await Promise.allSettled(
      PAIRS.map((pair) => readPictures(weir, pair)),
    );
    for (const [i, { publishWay, readWay }] of PAIRS.entries()) {
      await t.step(`${publishWay} to ${readWay}: decoded by ffmpeg`, () => {
        const read = valueOf(readings[i]!);
        assertEquals(read[0]!.hash, published[0]!.hash, "the first picture");
        if (readWay === "RTSP/UDP") return;
        checkPictures({ published, read, publishWay, readWay });
      });
    }
  },
});

function pathOf(publishWay: Way): string {
  return `late/${WAYS.indexOf(publishWay)}`;
}

/** Milliseconds from before the connection to the beginning of a key frame. */
async function measureJoin(url: string, way: Way): Promise<number> {
  const startMs = performance.now();
  const reader = await openReader({
    protocol: LOAD_PROTOCOLS[way],
    url,
    framesPerSecond: CLIP_FRAMES_PER_SECOND,
  });
  // It rejects once it is closed below.
  const ended = reader.ended.then(() => false, () => false);
  const hasPicture = reader.counter.keyFrame.then(() => true);
  const isInTime = await Promise.race([hasPicture, ended]);
  const joinMs = performance.now() - startMs;
  reader[Symbol.dispose]();
  await ended;
  assert(isInTime, "the stream ended before the first picture");
  return joinMs;
}

/**
 * Pictures as ffmpeg decodes them, from the first one on: all of them, but over
 * UDP, where a busy machine loses some, the first one alone.
 */
async function readPictures(
  weir: WeirProcess,
  { readWay, path }: { readonly readWay: Way; readonly path: string },
): Promise<readonly FrameHash[]> {
  const outputArgs = readWay === "RTSP/UDP"
    ? [...PICTURES_ARGS, "-frames:v", "1"]
    : PICTURES_ARGS;
  const reading = await readPath(weir, { way: readWay, path, outputArgs });
  if (readWay !== "RTSP/UDP") assertEquals(complaintsOf(reading), []);
  return reading.frames;
}
