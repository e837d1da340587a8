import { Mpeg12Slices } from "#codecs/mpeg12_slices.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";

const SEQUENCE = "000001b31400f013ffffe018";
const GROUP = "000001b80008004000";
/** Temporal references 0, 3 and 1; P and B with f codes 3 and 2. */
const I_PICTURE = "00000100000ffff8";
const P_PICTURE = "0000010000d7fff980";
const B_PICTURE = "00000100005ffffb90";
const SLICE = "0000010123f9c230";

function offsets(hexes: readonly string[]): number[] {
  let at = 0;
  return hexes.map((hex) => (at += hex.length / 2) - hex.length / 2);
}

Deno.test("Mpeg12Slices goes from slice to slice, headers with the one behind them", () => {
  const pieces = [SEQUENCE, GROUP, I_PICTURE, SLICE, SLICE, P_PICTURE, SLICE];
  const bytes = Uint8Array.fromHex(pieces.join(""));
  const [, , , first, second, picture, third] = offsets(pieces);
  const slices = new Mpeg12Slices();
  slices.start(bytes);
  const seen: number[][] = [];
  const flags: boolean[] = [];
  while (slices.next()) {
    seen.push([slices.startBytes, slices.sliceBytes, slices.endBytes]);
    flags.push(slices.hasSequenceHeader);
  }
  assertEquals(seen, [
    [0, first!, second!],
    [second!, second!, picture!],
    [picture!, third!, bytes.length],
  ]);
  assertEquals(flags, [true, false, false]);
});

for (
  const { name, hex, fields } of [
    { name: "I", hex: I_PICTURE, fields: [0, 1, 0, 0] },
    { name: "P", hex: P_PICTURE, fields: [3, 2, 0b0_011, 0] },
    { name: "B", hex: B_PICTURE, fields: [1, 3, 0b0_111, 0b0_010] },
  ]
) {
  Deno.test(`Mpeg12Slices reads the header of a ${name} picture`, () => {
    const slices = new Mpeg12Slices();
    slices.start(Uint8Array.fromHex(hex + SLICE));
    assert(slices.next());
    const { temporalReference, pictureType, forwardBits, backwardBits } =
      slices;
    assertEquals(
      [temporalReference, pictureType, forwardBits, backwardBits],
      fields,
    );
  });
}

for (
  const { name, hex, expected } of [
    { name: "nothing", hex: "", expected: [] },
    { name: "no start code", hex: "0102030405", expected: [] },
    { name: "a cut slice first", hex: `aabb${SLICE}`, expected: [[2, 2, 10]] },
    { name: "headers alone", hex: SEQUENCE, expected: [[0, -1, 12]] },
    {
      name: "a sequence end behind the last slice",
      hex: `${SLICE}000001b7`,
      expected: [[0, 0, 12]],
    },
  ]
) {
  Deno.test(`Mpeg12Slices walks over ${name}`, () => {
    const slices = new Mpeg12Slices();
    slices.start(Uint8Array.fromHex(hex));
    const seen: number[][] = [];
    while (slices.next()) {
      seen.push([slices.startBytes, slices.sliceBytes, slices.endBytes]);
    }
    assertEquals(seen, expected);
  });
}

Deno.test("Mpeg12Slices covers mutated bytes from the first start code on, without a gap", () => {
  const seeds = [
    Uint8Array.fromHex(SEQUENCE + GROUP + I_PICTURE + SLICE + SLICE),
    Uint8Array.fromHex(B_PICTURE + SLICE + SLICE + P_PICTURE + SLICE),
  ];
  const slices = new Mpeg12Slices();
  for (const bytes of mutations(seeds)) {
    slices.start(bytes);
    let end = slices.endBytes;
    while (slices.next()) {
      assert(slices.startBytes === end && slices.endBytes > end);
      assert(slices.sliceBytes < slices.endBytes);
      assert(slices.forwardBits <= 15 && slices.backwardBits <= 15);
      assert(slices.temporalReference <= 1_023 && slices.pictureType <= 7);
      end = slices.endBytes;
    }
    assertEquals(end, bytes.length);
  }
});
