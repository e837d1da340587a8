import { joinBytes } from "#base/join_bytes.ts";
import { ParseError } from "#base/errors.ts";
import { ClipError, isClipFault } from "#sources/file/clip.ts";
import { openClip } from "#sources/file/open_clip.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { BytesInput } from "../../formats/mp4/bytes_input.ts";
import { testClipAsTs, testClipBytes, unitsOf } from "./clip_samples.ts";

Deno.test("openClip() knows files by what is in them", async () => {
  for (const bytes of [await testClipBytes(), await testClipAsTs(1)]) {
    const clip = await openClip(new BytesInput(bytes), () => {});
    const [first] = await unitsOf(clip);
    assertEquals(first!.tracks.length, 2);
  }
});

Deno.test("openClip() takes what camcorders put in front of packets out", async () => {
  const bytes = await testClipAsTs(1);
  const packets = Array.from({ length: bytes.length / 188 }, (_, i) => [
    Uint8Array.of(1, 2, 0x47, i),
    bytes.subarray(i * 188, (i + 1) * 188),
  ]);
  const partsOf = async (file: Uint8Array) => {
    const clip = await openClip(new BytesInput(file), () => {});
    return (await unitsOf(clip)).map(({ origin, ptsTicks }) => [
      origin,
      ptsTicks,
    ]);
  };
  const wanted = await partsOf(bytes);
  assert(wanted.length > 50, "there are units");
  const file = joinBytes(packets.flat());
  assertEquals(await partsOf(file), wanted);
  const cut = await partsOf(file.slice(0, -100));
  assertEquals(cut, wanted.slice(0, cut.length));
  assert(cut.length >= wanted.length - 1, "all but what is cut");
});

Deno.test("openClip() refuses everything else", async () => {
  const others = [
    new Uint8Array(),
    new TextEncoder().encode("#!/bin/sh\necho this is no clip"),
    Uint8Array.fromHex("1a45dfa3a3428681"), // Matroska
    new Uint8Array(1_000),
    (await testClipAsTs(1)).slice(0, 188),
  ];
  for (const bytes of others) {
    await assertRejects(openClip(new BytesInput(bytes), () => {}), ClipError);
  }
});

Deno.test("isClipFault() knows what a bug is not", () => {
  const context = { format: "x", field: "y", offsetBytes: 0 };
  assertEquals(isClipFault(new ParseError("bad", context)), true);
  assertEquals(isClipFault(new ClipError("bad")), true);
  assertEquals(isClipFault(new TypeError("bug")), false);
});
