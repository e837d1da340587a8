import { joinBytes } from "#base/join_bytes.ts";
import { assertEquals } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";
import { outline, streamOfType } from "./read_units.ts";

const STREAM_TYPE = 0x81;

/** A syncframe of 192 kbit/s, stereo: 32 ms [ffmpeg 5.1]. */
const FRAME = new Uint8Array(768);
FRAME.set(Uint8Array.fromHex("0b77117f144043e106f46370"));
const STEREO = { codec: "ac3", sampleRateHz: 48_000, channelCount: 2 };

Deno.test("ac3Ts reads syncframes and tells the parameters", () => {
  const stream = streamOfType(STREAM_TYPE);
  assertEquals(stream.reader.codec, undefined);
  const units = stream.read(joinBytes([FRAME, FRAME]));
  assertEquals(outline(units), ["9000/9000*: 768 768"]);
  assertEquals(units[0]!.codec, STEREO);
  assertEquals(
    outline(stream.read(FRAME, { ptsTicks: undefined })),
    [`${9_000 + 2 * 2_880}/${9_000 + 2 * 2_880}*: 768`],
  );
  assertEquals(stream.reader.codec === units[0]!.codec, true);
});

Deno.test("ac3Ts tells when the channels change", () => {
  const stream = streamOfType(STREAM_TYPE);
  const mono = FRAME.with(6, 0x2f);
  const units = stream.read(joinBytes([FRAME, mono]));
  assertEquals(units.map(({ codec }) => codec), [
    STEREO,
    { ...STEREO, channelCount: 1 },
  ]);
});

Deno.test("ac3Ts never throws", () => {
  const stream = streamOfType(STREAM_TYPE);
  for (const bytes of mutations([FRAME], 2_000)) stream.read(bytes);
});
