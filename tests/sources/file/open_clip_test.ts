import { ParseError } from "#base/errors.ts";
import { ClipError, isClipFault } from "#sources/file/clip.ts";
import { openClip } from "#sources/file/open_clip.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";
import { BytesInput } from "../../formats/mp4/bytes_input.ts";
import { testClipAsTs, testClipBytes, unitsOf } from "./clip_samples.ts";

Deno.test("openClip() knows files by what is in them", async () => {
  for (const bytes of [await testClipBytes(), await testClipAsTs(1)]) {
    const clip = await openClip(new BytesInput(bytes), () => {});
    const [first] = await unitsOf(clip);
    assertEquals(first!.tracks.length, 2);
  }
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
