import { Buffer } from "node:buffer";
import { compareFrames } from "#test/framemd5.ts";
import { assert, assertEquals } from "#test/assert.ts";
import {
  checkAudio,
  checkCodedVideo,
  checkPictures,
  checkSync,
  FFMPEG_RTP_PAYLOAD_BYTES,
  toleranceMs,
} from "./check_frames.ts";
import type { Comparison } from "./codec_matrix_row.ts";
import type { Reading } from "./codec_matrix_run.ts";
import { mediaArgs } from "./ffmpeg_peer.ts";

/** Pictures without sound, each in its own size. */
export const PICTURES_ARGS: readonly string[] =
  "-map 0:v -c:v rawvideo -enc_time_base:v -1 -noautoscale".split(" ");

/** Sound as it is coded. */
export const AUDIO_ARGS: readonly string[] = "-map 0:a -c:a copy".split(" ");

const CODED_VIDEO_ARGS = "-map 0:v -c:v copy".split(" ");

/** Part of a clip that must be read, however long a reader takes to start. */
const MIN_PART = 0.05;

/** What rtspsrc may still hold when the server ends its connection, which is an error to it. */
const MAX_HELD_BYTES = 16_384;

/** Output options with which ffmpeg lists what is compared; undefined where that is no frames. */
export function outputArgsOf(
  comparison: Comparison,
): readonly string[] | undefined {
  switch (comparison.kind) {
    case "pictures and sound":
      return mediaArgs(comparison.video);
    case "pictures":
      return PICTURES_ARGS;
    case "frames":
      return comparison.medium === "audio" ? AUDIO_ARGS : CODED_VIDEO_ARGS;
    case "samples":
      return ["-map", "0:a", "-c:a", comparison.encoder ?? "copy"];
    case "bytes":
      return undefined;
  }
}

/** Checks what a reader got. */
export function checkOf(comparison: Comparison): (reading: Reading) => void {
  switch (comparison.kind) {
    case "pictures and sound":
      return (reading) => {
        const pictures = checkPictures(reading);
        checkCodedVideo(reading);
        checkSync(
          pictures,
          checkAudio({ ...reading, ...comparison, codec: comparison.audio }),
        );
      };
    case "pictures":
      return comparison.isIntraOnly
        ? (reading) =>
          checkFramesToTheEnd(reading, { held: comparison.heldPictures ?? 0 })
        : (reading) => checkPictures(reading, comparison.guessedPictures);
    case "frames":
      return (reading) => checkFramesToTheEnd(reading, comparison);
    case "samples":
      return (reading) => {
        checkBytesToTheEnd(reading, 0);
        checkSampleTimes(reading, comparison.bytesPerSecond);
      };
    case "bytes":
      return (reading) => checkBytesToTheEnd(reading, MAX_HELD_BYTES);
  }
}

/** Checks that every frame from the first one read on is there, with its time. */
function checkFramesToTheEnd(
  reading: Reading,
  { held = 0, isCollected = false, isCutAtStart = false }: {
    /** Frames that the reader keeps at the end. */
    readonly held?: number;
    /** The publisher may keep a packet of frames at the end. */
    readonly isCollected?: boolean;
    /** The reader may join in the middle of a frame. */
    readonly isCutAtStart?: boolean;
  },
): void {
  const { published, read, publishWay, readWay } = reading;
  const run = compareFrames(published, read, {
    toleranceMs: toleranceMs(publishWay, readWay),
    minFrames: published.length * MIN_PART,
    skipFrames: isCutAtStart ? 1 : 0,
  });
  const missing = published.slice(run.firstFrame + run.frames);
  if (!isCollected) return assertEquals(missing.length, held, "the end");
  const missingBytes = missing.reduce((sum, one) => sum + one.sizeBytes, 0);
  assert(
    missingBytes <= FFMPEG_RTP_PAYLOAD_BYTES,
    `the last ${missing.length} frames are missing`,
  );
}

/** Checks that what was read is the end of the clip, but for some bytes. */
function checkBytesToTheEnd(
  { clipBytes, bytes }: Reading,
  maxHeldBytes: number,
): void {
  assert(bytes !== undefined, "the bytes were written to a file");
  const beginsAt = Buffer.from(clipBytes).lastIndexOf(bytes);
  assert(beginsAt >= 0, "the bytes are not a run of those published");
  const missingBytes = clipBytes.length - beginsAt - bytes.length;
  assert(
    missingBytes <= maxHeldBytes,
    `the last ${missingBytes} bytes are missing`,
  );
  assert(
    bytes.length > clipBytes.length * MIN_PART,
    `only ${bytes.length} bytes`,
  );
}

/**
 * Checks that frames of samples follow each other without a gap.
 *
 * Ticks of 44.1 kHz are no part of a millisecond: each end rounds for itself.
 */
function checkSampleTimes(reading: Reading, bytesPerSecond: number): void {
  const { frames, publishWay, readWay } = reading;
  const limitMs = toleranceMs(publishWay) + toleranceMs(readWay);
  let lastedMs = 0;
  for (const [i, frame] of frames.entries()) {
    const offMs = frame.ptsMs - frames[0]!.ptsMs - lastedMs;
    assert(Math.abs(offMs) <= limitMs, `frame ${i} is off by ${offMs} ms`);
    lastedMs += frame.sizeBytes * 1_000 / bytesPerSecond;
  }
}
