import {
  compareFrames,
  type FrameHash,
  type FrameRun,
} from "#test/framemd5.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { STREAM, type Way } from "./ffmpeg_peer.ts";

/** Half a millisecond of rounding at each end, where times are whole milliseconds. */
const RTMP_TOLERANCE_MS = 1 + 1e-6;

/** What is left of a time after the way through floating point. */
const EXACT_MS = 1e-6;

/** Sound and picture may move apart by this: the rounding of both. */
const MAX_SYNC_ERROR_MS = 2;

/** The longest audio frame of the clips (Opus 20 ms, AAC 21.3 ms), with rounding. */
const AUDIO_FRAME_MS = 23;

/** Payload of the largest RTP packet that ffmpeg makes. */
export const FFMPEG_RTP_PAYLOAD_BYTES = 1_460;

/**
 * ffmpeg's RTP reader guesses the times of all frames in a packet but the
 * first one; those of the first packet of AAC may be a frame too early.
 */
const FIRST_PACKET_FRAMES = 6;

/** Frames that were published and read, and over what. */
export interface Comparison {
  readonly published: readonly FrameHash[];
  readonly read: readonly FrameHash[];
  readonly publishWay: Way;
  readonly readWay: Way;
}

/** The audio of a comparison. */
export interface AudioComparison extends Comparison {
  readonly codec: "aac" | "opus";
  /** Where the audio is among the frames read, if not with a picture. */
  readonly readStream?: number;
}

/** Most that a frame's time may differ from that of the others after these ways. */
export function toleranceMs(...ways: readonly Way[]): number {
  return ways.includes("RTMP") ? RTMP_TOLERANCE_MS : EXACT_MS;
}

/** Frames of one stream. */
export function framesOf(
  frames: readonly FrameHash[],
  stream: number,
): FrameHash[] {
  return frames.filter((frame) => frame.streamIndex === stream);
}

/**
 * Checks that every picture arrived, decodes to the same, and has its time, unless it is one of the first
 * `guessedPictures`.
 */
export function checkPictures(
  comparison: Comparison,
  guessedPictures = 0,
): FrameRun {
  const { published, read, publishWay, readWay } = comparison;
  const streams = {
    publishedStream: STREAM.pictures,
    readStream: STREAM.pictures,
  };
  const run = compareFrames(published, read, {
    ...streams,
    toleranceMs: Infinity,
  });
  compareFrames(published, read, {
    ...streams,
    toleranceMs: toleranceMs(publishWay, readWay),
    skipFrames: guessedPictures,
  });
  assertEquals(
    [run.firstFrame, run.frames],
    [0, framesOf(published, STREAM.pictures).length],
    "first picture and number of pictures",
  );
  return run;
}

/**
 * Checks that the coded video is that which was sent, with its times.
 *
 * ffmpeg's RTSP client gives the first packet no presentation time and makes
 * up the decoding times: with it, the first time and all decoding times are
 * left out.
 */
export function checkCodedVideo(comparison: Comparison): void {
  const { published, read, publishWay, readWay } = comparison;
  const sent = framesOf(published, STREAM.codedVideo);
  const got = framesOf(read, STREAM.codedVideo);
  assertEquals(got.map(({ hash }) => hash), sent.map(({ hash }) => hash));
  const isRtmp = readWay === "RTMP";
  compareFrames(published, read, {
    publishedStream: STREAM.codedVideo,
    readStream: STREAM.codedVideo,
    toleranceMs: toleranceMs(publishWay, readWay),
    skipFrames: isRtmp ? 0 : 1,
  });
  if (!isRtmp) return;
  for (const [i, frame] of got.entries()) {
    assert(
      frame.dtsTicks <= frame.ptsTicks,
      `frame ${i} is decoded after it is shown`,
    );
    const shiftMs = got[0]!.dtsMs - sent[0]!.dtsMs;
    const ownShiftMs = frame.dtsMs - sent[i]!.dtsMs;
    assert(
      Math.abs(ownShiftMs - shiftMs) <= toleranceMs(publishWay, readWay),
      `decoding time of frame ${i} is moved by ${ownShiftMs} ms, the first one's by ${shiftMs} ms`,
    );
  }
}

/**
 * Checks that every audio frame from the first picture on arrived, with its
 * time.
 *
 * ffmpeg's RTP muxer collects AAC frames in a packet and does not send what it
 * holds at the end: of AAC that it publishes over RTSP a packet may be missing.
 */
export function checkAudio(comparison: AudioComparison): FrameRun {
  const { published, read, publishWay, readWay, codec } = comparison;
  const { readStream = STREAM.codedAudio } = comparison;
  const streams = { publishedStream: STREAM.codedAudio, readStream };
  const run = compareFrames(published, read, {
    ...streams,
    toleranceMs: Infinity,
  });
  const isGuessed = codec === "aac" && readWay !== "RTMP";
  const { shiftMs } = compareFrames(published, read, {
    ...streams,
    toleranceMs: toleranceMs(publishWay, readWay),
    skipFrames: isGuessed ? FIRST_PACKET_FRAMES : 0,
  });
  const sent = framesOf(published, STREAM.codedAudio);
  const firstPicture = framesOf(published, STREAM.pictures)[0]!;
  const lateMs = sent[run.firstFrame]!.ptsMs - firstPicture.ptsMs;
  assert(lateMs < AUDIO_FRAME_MS, `audio begins ${lateMs} ms late`);
  const missing = sent.slice(run.firstFrame + run.frames);
  const missingBytes = missing.reduce((sum, one) => sum + one.sizeBytes, 0);
  const isHeld = codec === "aac" && publishWay !== "RTMP";
  const heldBytes = isHeld ? FFMPEG_RTP_PAYLOAD_BYTES : 0;
  assert(
    missingBytes <= heldBytes,
    `the last ${missing.length} audio frames are missing`,
  );
  return { ...run, shiftMs };
}

/** Checks that sound and picture were moved by the same time. */
export function checkSync(pictures: FrameRun, audio: FrameRun): void {
  const errorMs = Math.abs(pictures.shiftMs - audio.shiftMs);
  assert(
    errorMs <= MAX_SYNC_ERROR_MS,
    `pictures are moved by ${pictures.shiftMs} ms, audio by ${audio.shiftMs} ms`,
  );
}

/** What a settled promise was fulfilled with; throws what it was rejected with. */
export function valueOf<T>(outcome: PromiseSettledResult<T>): T {
  if (outcome.status === "rejected") throw outcome.reason;
  return outcome.value;
}
