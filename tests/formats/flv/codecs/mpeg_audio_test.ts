import { ParseError } from "#base/errors.ts";
import type { MpegAudioParameters } from "#codecs/codec.ts";
import { parseMpegAudioHeader } from "#codecs/mpeg_audio.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import {
  framesOf,
  headerOf,
  hex,
  readParameters,
  readParts,
  readTags,
} from "../tags.ts";

const PARAMETERS: MpegAudioParameters = { codec: "mpegAudio" };

/** A frame with this header, filled up to its size. */
function frame(header: string): Uint8Array {
  const bytes = hex(header);
  const whole = new Uint8Array(parseMpegAudioHeader(bytes)!.frameSizeBytes);
  whole.set(bytes);
  return whole;
}

/** Headers of layer III, and the flags that players see. */
const FRAMES = [
  { name: "44.1 kHz, mono", header: "fffb50c4", flags: "2e" },
  { name: "44.1 kHz, stereo", header: "fffb5044", flags: "2f" },
  { name: "48 kHz, mono", header: "fffb54c4", flags: "2e" },
  { name: "22.05 kHz, stereo", header: "fff35044", flags: "2b" },
  { name: "11.025 kHz, mono", header: "ffe350c4", flags: "26" },
  { name: "8 kHz, mono", header: "ffe358c4", flags: "22" },
];

for (const { name, header, flags } of FRAMES) {
  Deno.test(`mpegAudioFlv writes and reads ${name}`, () => {
    const part = frame(header);
    const body = flags + part.toHex();
    assertEquals(framesOf(PARAMETERS, [part]), [body]);
    assertEquals(readParameters("audio", body), PARAMETERS);
    assertEquals(readParameters("audio", body, body), undefined);
    assertEquals(readParts("audio", body), [part.toHex()]);
  });
}

Deno.test("mpegAudioFlv has no sequence header", () => {
  assertEquals(headerOf(PARAMETERS), undefined);
  assertEquals(readTags("audio", "902e6d7033"), [[]]);
});

Deno.test("mpegAudioFlv writes a tag for each frame, with its FourCC where it is wanted", () => {
  const part = frame("fffb54c4");
  const body = `912e6d7033${part.toHex()}`;
  assertEquals(framesOf(PARAMETERS, [part, part], { isEnhanced: true }), [
    body,
    `+2160 ${body}`,
  ]);
  assertEquals(readParts("audio", body), [part.toHex()]);
});

Deno.test("mpegAudioFlv reads SoundFormat 14 and several frames of one tag, the last one cut", () => {
  const part = frame("ffe358c4").toHex();
  assertEquals(readParts("audio", `e2 ${part} ${part.slice(0, 20)}`), [
    part,
    part.slice(0, 20),
  ]);
});

Deno.test("mpegAudioFlv carries layer III only", () => {
  const layerTwo = frame("fffd54c4");
  assertThrows(() => framesOf(PARAMETERS, [layerTwo]), ParseError);
  assertEquals(framesOf(PARAMETERS, [new Uint8Array(0)]), []);
});

Deno.test("mpegAudioFlv rejects what is no frame, and too many of them", () => {
  const part = frame("ffe318c4").toHex();
  for (const body of ["2f 000102", `2f ${part} 00`, `2f ${part.repeat(257)}`]) {
    assertThrows(() => readTags("audio", body), ParseError);
  }
  assertEquals(readParts("audio", `2f ${part.repeat(256)}`).length, 256);
  assertEquals(readTags("audio", "2f"), [[]]);
});
