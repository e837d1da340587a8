import { compareFrames, type FrameHash, parseFramemd5 } from "./framemd5.ts";
import { assertEquals, assertIncludes, assertThrows } from "./assert.ts";

const LIST = `#format: frame checksums
#version: 2
#tb 0: 1/25
#media_type 0: video
#tb 1: 1/48000
#stream#, dts,        pts, duration,     size, hash
0,          0,          1,        1,   345600, aa
1,       1024,       1024,     1024,     4096, bb
`;

function frames(hashes: string, startMs: number): FrameHash[] {
  return Array.from(hashes, (hash, i) => ({
    streamIndex: 0,
    dtsTicks: i,
    ptsTicks: i,
    durationTicks: 1,
    dtsMs: startMs + i * 40,
    ptsMs: startMs + i * 40,
    sizeBytes: 1,
    hash,
  }));
}

Deno.test("parseFramemd5() reads frames of two time bases", () => {
  assertEquals(parseFramemd5(LIST), [
    {
      streamIndex: 0,
      dtsTicks: 0,
      ptsTicks: 1,
      durationTicks: 1,
      dtsMs: 0,
      ptsMs: 40,
      sizeBytes: 345_600,
      hash: "aa",
    },
    {
      streamIndex: 1,
      dtsTicks: 1_024,
      ptsTicks: 1_024,
      durationTicks: 1_024,
      dtsMs: 1_024 * (1_000 / 48_000),
      ptsMs: 1_024 * (1_000 / 48_000),
      sizeBytes: 4_096,
      hash: "bb",
    },
  ]);
});

Deno.test("parseFramemd5() rejects a frame of an unknown stream", () => {
  assertThrows(() => parseFramemd5("0, 0, 0, 1, 1, aa"), SyntaxError);
});

Deno.test("compareFrames() finds a run that repeated frames precede", () => {
  const run = compareFrames(frames("aabaac", 0), frames("aac", 500), {
    toleranceMs: 0,
  });
  assertEquals(run, { firstFrame: 3, frames: 3, shiftMs: 380 });
});

Deno.test("compareFrames() names the frame after a hole", () => {
  const error = assertThrows(
    () =>
      compareFrames(frames("abcdef", 0), frames("bcef", 0), {
        toleranceMs: 0,
      }),
    Error,
  );
  assertIncludes(error.message, "Frame 2 of 4");
});

Deno.test("compareFrames() rejects a frame whose time is off", () => {
  const read = frames("bcd", 1_000).map((frame, i) =>
    i === 2 ? { ...frame, ptsMs: frame.ptsMs + 2 } : frame
  );
  const published = frames("abcd", 0);
  assertThrows(() => compareFrames(published, read, { toleranceMs: 1 }), Error);
  assertEquals(compareFrames(published, read, { toleranceMs: 2 }).frames, 3);
});

Deno.test("compareFrames() rejects too few frames", () => {
  assertThrows(
    () =>
      compareFrames(frames("ab", 0), frames("b", 0), {
        toleranceMs: 0,
        minFrames: 2,
      }),
    Error,
  );
});
