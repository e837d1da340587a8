import { joinBytes } from "#base/join_bytes.ts";
import { assertEquals } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";
import { adtsFrame } from "../ts_samples.ts";
import { outline, streamOfType } from "./read_units.ts";

const STREAM_TYPE = 0x0f;
const STEREO = {
  codec: "aac",
  audioSpecificConfig: Uint8Array.of(0x11, 0x90),
  sampleRateHz: 48_000,
  channelCount: 2,
};

Deno.test("aacTs reads raw access units and tells the configuration", () => {
  const stream = streamOfType(STREAM_TYPE);
  assertEquals(stream.reader.codec, undefined);
  const units = stream.read(joinBytes([adtsFrame(1), adtsFrame(2)]));
  assertEquals(units, [{
    ptsTicks: 9_000,
    dtsTicks: 9_000,
    isRandomAccess: true,
    parts: [1, 2].map((fill) => new Uint8Array(30).fill(fill)),
    codec: STEREO,
  }]);
  const [next] = stream.read(adtsFrame(3));
  assertEquals(next!.codec === units[0]!.codec, true, "it did not change");
});

Deno.test("aacTs reads frames that packets cut, each at its time", () => {
  const stream = streamOfType(STREAM_TYPE);
  const frames = joinBytes([1, 2, 3].map((fill) => adtsFrame(fill)));
  assertEquals(outline(stream.read(frames.subarray(0, 50))), [
    "9000/9000*: 30",
  ]);
  assertEquals(
    outline(stream.read(frames.subarray(50), { ptsTicks: 12_840 })),
    [
      "10920/10920*: 30",
      "12840/12840*: 30",
    ],
  );
});

Deno.test("aacTs reads ADTS headers with a checksum", () => {
  const stream = streamOfType(STREAM_TYPE);
  const frame = joinBytes([
    Uint8Array.of(0, 0),
    adtsFrame(1, { sizeBytes: 32 }),
  ])
    .slice(2);
  frame[1]! &= 0xfe;
  assertEquals(outline(stream.read(frame)), ["9000/9000*: 30"]);
});

Deno.test("aacTs begins a unit where the configuration changes", () => {
  const stream = streamOfType(STREAM_TYPE);
  const units = stream.read(joinBytes([
    adtsFrame(1),
    adtsFrame(2, { channels: 1 }),
    adtsFrame(3, { channels: 1 }),
  ]));
  assertEquals(outline(units), ["9000/9000*: 30", "10920/10920*: 30 30"]);
  assertEquals(units.map(({ codec }) => codec), [
    STEREO,
    {
      ...STEREO,
      audioSpecificConfig: Uint8Array.of(0x11, 0x88),
      channelCount: 1,
    },
  ]);
});

Deno.test("aacTs takes no more frames from a packet than it may", () => {
  const stream = streamOfType(STREAM_TYPE);
  const frame = adtsFrame(1, { sizeBytes: 1 });
  const [unit] = stream.read(joinBytes(new Array(1_030).fill(frame)));
  assertEquals(unit?.parts.length, 1_024);
  assertEquals(stream.errors, ["48 bytes outside of audio frames"]);
});

Deno.test("aacTs never throws", () => {
  const stream = streamOfType(STREAM_TYPE);
  const seeds = [joinBytes([adtsFrame(1), adtsFrame(2, { channels: 1 })])];
  for (const bytes of mutations(seeds, 5_000)) stream.read(bytes);
});
