import { join } from "node:path";
import { EncodingCache } from "#core/encoding_cache.ts";
import { Fmp4Segmenter } from "#recording/fmp4_segmenter.ts";
import { MpegtsSegmenter } from "#recording/mpegts_segmenter.ts";
import { NO_KEY_FRAME_MESSAGE } from "#recording/segmenter.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { CLIP_FRAMES_PER_SECOND } from "#test/clip_recipes.ts";
import { clip } from "#test/clips.ts";
import {
  BARE_VIDEO_FILTERS,
  type FrameHash,
  readFrames,
} from "#test/framemd5.ts";
import { interopTest } from "#test/programs.ts";
import { seenByMediabunny } from "#test/recorded.ts";
import { bytesOf, CollectingOutput } from "../recording/scene.ts";
import { type ContainerMedia, mediaOfMp4 } from "./container_media.ts";

/** Twice as long as it takes until every column was coded anew. */
const REFRESHED_FRAMES = 4 * CLIP_FRAMES_PER_SECOND;

const SEGMENTERS = { mp4: Fmp4Segmenter, ts: MpegtsSegmenter } as const;
type Extension = keyof typeof SEGMENTERS;

/** It has its own mind about where a stream may begin, unless it is told to copy all. */
const CODED_ARGS = [
  ..."-c copy -copyinkf -bsf:v".split(" "),
  BARE_VIDEO_FILTERS.h264,
];
const DECODED_ARGS = ["-c", "rawvideo"];

for (const extension of ["mp4", "ts"] as const) {
  interopTest({
    name:
      `ffmpeg shows every ${extension} file of a stream without key frames, soon after its beginning`,
    needs: ["ffmpeg"],
    fn: async () => {
      const source = await clip("intra_refresh");
      const media = await mediaOfMp4(await Deno.readFile(source));
      const folder = await Deno.makeTempDir({ prefix: "weir_rec_" });
      try {
        const files = await writeSegments(media, folder, extension);
        assertEquals(files.length, 2);
        const [first, second] = await Promise.all(
          files.map((file) => framesOf(file, CODED_ARGS)),
        );
        assertEquals(
          hashes([...first!, ...second!]),
          hashes(await framesOf(source, CODED_ARGS)),
        );
        const shown = hashes(await framesOf(files[1]!, DECODED_ARGS));
        const sent = hashes(await framesOf(source, DECODED_ARGS));
        const whole = sent.slice(-(shown.length - REFRESHED_FRAMES));
        assert(
          shown.length > REFRESHED_FRAMES + CLIP_FRAMES_PER_SECOND,
          `${shown.length} pictures`,
        );
        assertEquals(shown.slice(-whole.length), whole);
        const { sampleCounts } = await seenByMediabunny(files[1]!);
        assertEquals(sampleCounts, [second!.length]);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

/** Files of a clip that is recorded in segments of a second. */
async function writeSegments(
  { steps }: ContainerMedia,
  folder: string,
  extension: Extension,
): Promise<string[]> {
  const output = new CollectingOutput();
  const told: string[] = [];
  const segmenter = new SEGMENTERS[extension]({
    settings: {
      recordPartDurationMs: 1_000,
      recordMaxPartSizeBytes: 50_000_000,
      recordSegmentDurationMs: 1_000,
    },
    output,
    onWarning: (message) => told.push(message),
  });
  const tracks = [steps[0]!.track];
  for (const [i, { unit }] of steps.entries()) {
    segmenter.push({
      ...{ units: [unit], tracks, tracksChanged: i === 0 },
      ...{ isRandomAccess: unit.isRandomAccess, sizeBytes: unit.sizeBytes },
      ...{ unitsBefore: i, bytesBefore: 0, publishedAtMs: 0 },
      encodings: new EncodingCache(),
      next: undefined,
    });
  }
  segmenter.end();
  assertEquals(told, [NO_KEY_FRAME_MESSAGE]);
  return await Promise.all(output.segments.map(async (segment, i) => {
    const file = join(folder, `${i}.${extension}`);
    await Deno.writeFile(file, bytesOf(segment));
    return file;
  }));
}

async function framesOf(
  file: string,
  outputArgs: readonly string[],
): Promise<readonly FrameHash[]> {
  return (await readFrames(file, { outputArgs })).frames;
}

function hashes(frames: readonly FrameHash[]): string[] {
  return frames.map(({ hash }) => hash);
}
