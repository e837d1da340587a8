import { MpegTsError } from "#formats/mpegts/errors.ts";
import { openMpegTsClip } from "#sources/file/mpegts_clip.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { BytesInput } from "../../formats/mp4/bytes_input.ts";
import { testClipAsTs, unitsOf } from "./clip_samples.ts";

const noWarning = (message: string) => {
  throw new Error(message);
};

Deno.test("openMpegTsClip() reads pictures and sound to the last one", async () => {
  const input = new BytesInput(await testClipAsTs(3.2));
  const units = await unitsOf(await openMpegTsClip(input, noWarning));
  const [first] = units;
  assertEquals(
    first!.tracks.map(({ codec, clockRateHz }) => [codec.codec, clockRateHz]),
    [["h264", 90_000], ["aac", 48_000]],
  );
  const countOf = (kind: string) =>
    units.filter(({ track }) => track.kind === kind).length;
  assertEquals([countOf("video"), countOf("audio")], [80, 150]);
  assertEquals(units.every(({ tracks }) => tracks === first!.tracks), true);
});

Deno.test("openMpegTsClip() reads a little at a time", async () => {
  const input = new BytesInput(await testClipAsTs(9.6));
  const clip = await openMpegTsClip(input, noWarning);
  assertEquals(input.largestReadBytes <= 65_536, true);
  assertEquals(input.reads < 3, true);
  await unitsOf(clip);
});

Deno.test("openMpegTsClip() refuses what has no program", async () => {
  const bytes = new Uint8Array(188 * 20);
  for (let at = 0; at < bytes.length; at += 188) {
    bytes.set([0x47, 0x1f, 0xff, 0x10], at);
  }
  const error = await assertRejects(
    openMpegTsClip(new BytesInput(bytes), noWarning),
    MpegTsError,
  );
  assertEquals(error.message, "no program was found");
});

Deno.test("openMpegTsClip() says what it leaves out of a file that was cut out of another", async () => {
  const bytes = (await testClipAsTs(1)).slice();
  for (let at = 0; at + 4 < bytes.length; at++) {
    const isSps = bytes[at] === 0 && bytes[at + 1] === 0 &&
      bytes[at + 2] === 1 && bytes[at + 3] === 0x67;
    if (isSps) bytes[at + 3] = 0x0c; // filler
  }
  const warnings: string[] = [];
  const clip = await openMpegTsClip(
    new BytesInput(bytes),
    (message) => warnings.push(message),
  );
  const units = await unitsOf(clip);
  assertEquals(
    new Set(units.map(({ track }) => track.kind)),
    new Set(["audio"]),
  );
  assertEquals(warnings.length, 1);
  assert(warnings[0]!.startsWith("the stream with PID "), warnings[0]!);
});
