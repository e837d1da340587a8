import { ParseError } from "#base/errors.ts";
import { ClipError } from "#sources/file/clip.ts";
import { openMp4Clip } from "#sources/file/mp4_clip.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { BytesInput } from "../../formats/mp4/bytes_input.ts";
import {
  fragmentBytes,
  initBytes,
  progressiveBytes,
} from "../../formats/mp4/file_samples.ts";
import { joinBytes } from "#base/join_bytes.ts";
import { TEST_CLIP, testClipBytes, unitsOf } from "./clip_samples.ts";

const noWarning = (message: string) => {
  throw new Error(message);
};

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

Deno.test("openMp4Clip() reads pictures and sound in the order of decoding", async () => {
  const clip = await openMp4Clip(
    new BytesInput(await testClipBytes()),
    noWarning,
  );
  const units = await unitsOf(clip);
  const [first] = units;
  assertEquals(
    first!.tracks.map(({ id, codec, clockRateHz }) => [
      id,
      codec.codec,
      clockRateHz,
    ]),
    [[0, "h264", 90_000], [1, "aac", 48_000]],
  );
  const pictures = units.filter(({ track }) => track.kind === "video");
  const sound = units.filter(({ track }) => track.kind === "audio");
  assertEquals(
    [
      pictures.length,
      pictures.filter(({ isRandomAccess }) => isRandomAccess).length,
      sound.length,
    ],
    [TEST_CLIP.pictures, TEST_CLIP.keyFrames, TEST_CLIP.soundFrames],
  );
  assertEquals(
    pictures.map(({ dtsTicks }) => dtsTicks),
    Array.from(pictures, (_, i) => i * 3_600),
  );
  assertEquals(
    sound.map(({ ptsTicks, durationTicks }) => [ptsTicks, durationTicks]),
    Array.from(sound, (_, i) => [i * 1_024, 1_024]),
  );
  const seconds = units.map(({ dtsTicks, track }) =>
    dtsTicks / track.clockRateHz
  );
  assert(seconds.every((one, i) => one >= (seconds[i - 1] ?? 0)), "order");
});

Deno.test("openMp4Clip() copies what it reads, and leaves out what it cannot read", async () => {
  const bytes = await testClipBytes();
  const whole = await unitsOf(
    await openMp4Clip(new BytesInput(bytes), noWarning),
  );
  const { origin } = whole[0]!;
  assert(origin.kind === "payload", "payload");
  const { buffer } = origin.parts[0]!;
  assert(buffer.byteLength < 20_000, "a unit keeps the window in memory");
  // The length of the first picture's first NAL unit.
  const damaged = bytes.slice();
  const mdat = latin1(damaged).indexOf("mdat");
  damaged.fill(0xff, mdat + 4, mdat + 8);
  const warnings: string[] = [];
  const rest = await unitsOf(
    await openMp4Clip(
      new BytesInput(damaged),
      (message) => void warnings.push(message),
    ),
  );
  assertEquals(rest.length, whole.length - 1);
  assertEquals(
    warnings.map((one) => one.replace(/: .*/, "")),
    ["a sample is left out"],
  );
});

Deno.test("openMp4Clip() reads fragments", async () => {
  const file = joinBytes([initBytes(), ...fragmentBytes(6)]);
  const warnings: string[] = [];
  const clip = await openMp4Clip(
    new BytesInput(file),
    (message) => void warnings.push(message),
  );
  const sound = (await unitsOf(clip)).filter(({ track }) =>
    track.kind === "audio"
  );
  assertEquals(
    sound.map(({ ptsTicks }) => ptsTicks),
    Array.from({ length: 6 }, (_, i) => i * 4_800),
  );
  // Those pictures are none.
  assertEquals(warnings.length, 6);
});

Deno.test("openMp4Clip() leaves out sound in front of the edit list", async () => {
  const clip = await openMp4Clip(
    new BytesInput(progressiveBytes(6, { audio: -4_800 })),
    () => {},
  );
  const sound = (await unitsOf(clip)).filter(({ track }) =>
    track.kind === "audio"
  );
  assertEquals(
    sound.map(({ ptsTicks }) => ptsTicks),
    Array.from({ length: 5 }, (_, i) => i * 4_800),
  );
});

Deno.test("openMp4Clip() refuses a file without a header, or without a track to play", async () => {
  const bytes = await testClipBytes();
  await assertRejects(
    openMp4Clip(new BytesInput(bytes.slice(0, 200)), noWarning),
    ParseError,
  );
  const unknown = bytes.slice();
  const text = latin1(bytes);
  for (const format of ["avc1\0", "mp4a\0"]) {
    unknown.set([0x78, 0x78, 0x78, 0x78], text.indexOf(format));
  }
  const warnings: string[] = [];
  await assertRejects(
    openMp4Clip(
      new BytesInput(unknown),
      (message) => void warnings.push(message),
    ),
    ClipError,
  );
  assertEquals(warnings, [
    "track 1 is left out: it cannot be read (xxxx)",
    "track 2 is left out: it cannot be read (xxxx)",
  ]);
});
