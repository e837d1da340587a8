import { joinBytes } from "#base/join_bytes.ts";
import {
  serializeAudioMuxElement,
  streamMuxConfigOf,
} from "#codecs/aac/latm.ts";
import { assertEquals } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";
import { outline, streamOfType } from "./read_units.ts";

const STREAM_TYPE = 0x11;
const STEREO = {
  codec: "aac",
  audioSpecificConfig: Uint8Array.of(0x11, 0x90),
  sampleRateHz: 48_000,
  channelCount: 2,
  latm: {
    streamMuxConfig: Uint8Array.fromHex("400023203fc0"),
    isConfigInBand: false,
  },
};

/** Start of an element as it is sent, up to the first bytes of the access unit [ffmpeg 5.1]. */
const HEAD = Uint8Array.fromHex("56e104200011901fe7e909507fffffff");

/** An element with access units of these sizes; `config` in hex, none to keep the one before. */
function element(
  config: string | undefined,
  ...sizesBytes: readonly number[]
): Uint8Array {
  const parts = sizesBytes.map((size) => new Uint8Array(size).fill(size));
  const known = config && {
    ...streamMuxConfigOf(Uint8Array.fromHex(config)),
    subFrameCount: parts.length,
  };
  const body = known
    ? serializeAudioMuxElement(parts, known)
    : joinBytes([Uint8Array.of(0x80), new Uint8Array(0)]);
  return joinBytes([
    Uint8Array.of(0x56, 0xe0 | body.length >> 8, body.length & 0xff),
    body,
  ]);
}

Deno.test("aacLatmTs reads the configuration of an element [ffmpeg 5.1]", () => {
  const stream = streamOfType(STREAM_TYPE);
  const bytes = new Uint8Array(3 + 0x104);
  bytes.set(HEAD);
  const [unit] = stream.read(bytes);
  assertEquals(unit?.codec, STEREO);
  assertEquals(
    unit!.parts[0]!.subarray(0, 5),
    Uint8Array.fromHex("212a0fffff"),
  );
  assertEquals(stream.errors, []);
});

Deno.test("aacLatmTs reads elements that packets cut, with all their access units", () => {
  const stream = streamOfType(STREAM_TYPE);
  const bytes = joinBytes([element("1190", 20, 30), element("1190", 25)]);
  assertEquals(outline(stream.read(bytes.subarray(0, 80))), [
    "9000/9000*: 20 30",
  ]);
  assertEquals(
    outline(stream.read(bytes.subarray(80), { ptsTicks: undefined })),
    ["12840/12840*: 25"],
  );
  assertEquals(stream.reader.codec, STEREO);
});

Deno.test("aacLatmTs takes a new configuration over", () => {
  const stream = streamOfType(STREAM_TYPE);
  const units = stream.read(
    joinBytes([element("1190", 20), element("1188", 20)]),
  );
  assertEquals(
    units.map(({ codec }) => codec.codec === "aac" && codec.channelCount),
    [2, 1],
  );
});

Deno.test("aacLatmTs passes over elements before the first configuration", () => {
  const stream = streamOfType(STREAM_TYPE);
  assertEquals(stream.read(element(undefined)), []);
  assertEquals(stream.errors, ["4 bytes outside of audio frames"]);
  assertEquals(outline(stream.read(element("1190", 20))), ["9000/9000*: 20"]);
});

Deno.test("aacLatmTs never throws", () => {
  const stream = streamOfType(STREAM_TYPE);
  const seeds = [element("1190", 20, 30), element("1188", 25)];
  for (const bytes of mutations(seeds, 5_000)) stream.read(bytes);
});
