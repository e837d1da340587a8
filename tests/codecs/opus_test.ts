import { opusPacketChannelCount, opusPacketTicks } from "#codecs/opus.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";

/** First bytes of packets; made by hand from RFC 6716 §3.1. */
const PACKETS: { name: string; hex: string; ticks: number | undefined }[] = [
  { name: "SILK 10 ms", hex: "00", ticks: 480 },
  { name: "SILK 60 ms", hex: "18", ticks: 2_880 },
  { name: "SILK wideband 40 ms", hex: "50", ticks: 1_920 },
  { name: "hybrid 20 ms", hex: "68", ticks: 960 },
  { name: "hybrid fullband 10 ms", hex: "70", ticks: 480 },
  { name: "CELT 2.5 ms", hex: "80", ticks: 120 },
  { name: "CELT 20 ms of silence", hex: "f8fffe", ticks: 960 },
  { name: "two frames of equal size", hex: "f9", ticks: 1_920 },
  { name: "two frames of different size", hex: "fa", ticks: 1_920 },
  { name: "three counted frames, padded", hex: "fb43", ticks: 2_880 },
  { name: "120 ms in two frames", hex: "19", ticks: 5_760 },
  { name: "120 ms in 48 frames", hex: "8330", ticks: 5_760 },
  { name: "over 120 ms", hex: "1b03", ticks: undefined },
  { name: "122.5 ms", hex: "8331", ticks: undefined },
  { name: "no frame", hex: "fb00", ticks: undefined },
  { name: "no count", hex: "fb", ticks: undefined },
  { name: "no TOC byte", hex: "", ticks: undefined },
];

for (const { name, hex, ticks } of PACKETS) {
  Deno.test(`opusPacketTicks() measures ${name}`, () => {
    assertEquals(opusPacketTicks(Uint8Array.fromHex(hex)), ticks);
  });
}

Deno.test("opusPacketTicks() answers at most 120 ms for anything", () => {
  const seeds = PACKETS.map(({ hex }) => Uint8Array.fromHex(hex));
  for (const packet of mutations(seeds)) {
    const ticks = opusPacketTicks(packet);
    assert(ticks === undefined || ticks >= 120 && ticks <= 5_760);
  }
});

Deno.test("opusPacketChannelCount() reads the stereo bit", () => {
  assertEquals(opusPacketChannelCount(Uint8Array.of(0xf8)), 1);
  assertEquals(opusPacketChannelCount(Uint8Array.of(0xfc)), 2);
});
