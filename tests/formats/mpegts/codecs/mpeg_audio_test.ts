import { joinBytes } from "#base/join_bytes.ts";
import { assertEquals } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";
import { openStream, outline, streamOfType } from "./read_units.ts";

/** A frame of layer II, 128 kbit/s, 48 kHz: 24 ms [ffmpeg 5.1]. */
const LAYER_2 = new Uint8Array(384);
LAYER_2.set(Uint8Array.fromHex("fffd840444322222"));
/** A frame of layer III, 128 kbit/s, 44.1 kHz. */
const LAYER_3 = new Uint8Array(417);
LAYER_3.set(Uint8Array.fromHex("fffb9064"));
const CODEC = { codec: "mpegAudio" };

Deno.test("mpegAudioTs reads frames of both stream types", () => {
  for (const streamType of [0x03, 0x04]) {
    const stream = openStream({ streamType })!;
    assertEquals(stream.reader.codec, undefined);
    const units = stream.read(joinBytes([LAYER_2, LAYER_2]));
    assertEquals(outline(units), ["9000/9000*: 384 384"]);
    assertEquals(units[0]!.codec, CODEC);
    assertEquals(stream.reader.codec, CODEC);
  }
});

Deno.test("mpegAudioTs reads frames that packets cut, to a fraction of a tick", () => {
  const stream = streamOfType(0x03);
  const bytes = joinBytes(new Array(101).fill(LAYER_3));
  stream.read(bytes.subarray(0, 417));
  const units = [];
  for (let at = 417; at < bytes.length; at += 1_000) {
    const payload = bytes.subarray(at, at + 1_000);
    units.push(...stream.read(payload, { ptsTicks: undefined }));
  }
  assertEquals(units.reduce((sum, { parts }) => sum + parts.length, 0), 100);
  const samplesBefore = 1_152 * (101 - units.at(-1)!.parts.length);
  assertEquals(
    units.at(-1)!.ptsTicks,
    9_000 + Math.round(samplesBefore * 90_000 / 44_100),
  );
});

Deno.test("mpegAudioTs never throws", () => {
  const stream = streamOfType(0x03);
  const seeds = [joinBytes([LAYER_2, LAYER_3])];
  for (const bytes of mutations(seeds, 3_000)) stream.read(bytes);
});
