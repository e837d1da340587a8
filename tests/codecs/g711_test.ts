import {
  A_LAW_SAMPLES,
  aLawByte,
  compressG711,
  expandG711,
  MU_LAW_SAMPLES,
  muLawByte,
} from "#codecs/g711.ts";
import { assert, assertEquals } from "#test/assert.ts";

/** Byte and sample; ITU-T G.711 tables 1 and 2, scaled to 16 bits. */
const MU_LAW = [
  [0xff, 0],
  [0xfe, 8],
  [0xf0, 120],
  [0xef, 132],
  [0x80, 32_124],
  [0x7e, -8],
  [0x00, -32_124],
] as const;
const A_LAW = [
  [0xd5, 8],
  [0xd4, 24],
  [0xc5, 264],
  [0xaa, 32_256],
  [0x55, -8],
  [0x2a, -32_256],
] as const;

Deno.test("MU_LAW_SAMPLES and muLawByte() agree with the table of G.711", () => {
  for (const [byte, sample] of MU_LAW) {
    assertEquals(MU_LAW_SAMPLES[byte], sample);
    assertEquals(muLawByte(sample), byte);
  }
});

Deno.test("A_LAW_SAMPLES and aLawByte() agree with the table of G.711", () => {
  for (const [byte, sample] of A_LAW) {
    assertEquals(A_LAW_SAMPLES[byte], sample);
    assertEquals(aLawByte(sample), byte);
  }
});

Deno.test("muLawByte() and aLawByte() go round for every byte", () => {
  for (let byte = 0; byte < 256; byte++) {
    // µ-law has two zeros; the positive one is written.
    const muByte = byte === 0x7f ? 0xff : byte;
    assertEquals(muLawByte(MU_LAW_SAMPLES[byte]!), muByte);
    assertEquals(aLawByte(A_LAW_SAMPLES[byte]!), byte);
  }
});

Deno.test("muLawByte() and aLawByte() stay within half a step of every sample", () => {
  for (let sample = -32_768; sample <= 32_767; sample++) {
    const allowed = 8 + Math.abs(sample) / 30;
    const mu = MU_LAW_SAMPLES[muLawByte(sample)]!;
    const a = A_LAW_SAMPLES[aLawByte(sample)]!;
    if (Math.abs(mu - sample) > allowed || Math.abs(a - sample) > allowed) {
      assert(false, `${sample} became ${mu} and ${a}`);
    }
  }
});

Deno.test("expandG711() writes golden bytes in both orders", () => {
  const bytes = Uint8Array.of(0x80, 0xff, 0x00);
  assertEquals(expandG711("mu", bytes).toHex(), "7d7c00008284");
  assertEquals(
    expandG711("mu", bytes, { isLittleEndian: true }).toHex(),
    "7c7d00008482",
  );
  assertEquals(
    expandG711("a", Uint8Array.of(0xd5, 0x2a)).toHex(),
    "00088200",
  );
});

Deno.test("compressG711() undoes expandG711() and leaves out an odd byte", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  for (const isLittleEndian of [false, true]) {
    const pcm = expandG711("a", bytes, { isLittleEndian });
    assertEquals(compressG711("a", pcm, { isLittleEndian }), bytes);
  }
  assertEquals(compressG711("mu", Uint8Array.of(0x7d, 0x7c, 0)).toHex(), "80");
});
