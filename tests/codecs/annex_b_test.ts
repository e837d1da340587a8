import { splitAnnexB } from "#codecs/annex_b.ts";
import { assertEquals } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";

const STREAMS = [
  {
    name: "start codes of three and four bytes",
    hex: "00000165aa00000141bb",
    nals: ["65aa", "41bb"],
  },
  {
    name: "start codes of four bytes",
    hex: "0000000165aa0000000141bb",
    nals: ["65aa", "41bb"],
  },
  {
    name: "zero bytes behind NAL units",
    hex: "00000165aa000000000000014100 0000",
    nals: ["65aa", "41"],
  },
  {
    name: "bytes before the first start code",
    hex: "ffff00000165",
    nals: ["65"],
  },
  { name: "empty NAL units", hex: "000001000001650000010000", nals: ["65"] },
  {
    name: "emulation prevention",
    hex: "0000016500000301",
    nals: ["6500000301"],
  },
  { name: "no start code", hex: "0000020000", nals: [] },
  {
    name: "a start code at the end",
    hex: "00000165000001",
    nals: ["65000001"],
  },
  { name: "nothing", hex: "", nals: [] },
];

for (const { name, hex, nals } of STREAMS) {
  Deno.test(`splitAnnexB() splits ${name}`, () => {
    const bytes = Uint8Array.fromHex(hex.replaceAll(" ", ""));
    assertEquals(splitAnnexB(bytes)?.map((nal) => nal.toHex()), nals);
  });
}

Deno.test("splitAnnexB() refuses more NAL units than a picture may have", () => {
  const bytes = Uint8Array.from(
    { length: 4 * 1_024 },
    (_, i) => [0, 0, 1, 9][i & 3]!,
  );
  assertEquals(splitAnnexB(bytes)?.length, 1_024);
  assertEquals(splitAnnexB(Uint8Array.from([...bytes, 0, 0, 1, 9])), undefined);
});

Deno.test("splitAnnexB() never throws, and never gives an empty NAL unit", () => {
  const seeds = STREAMS.map(({ hex }) =>
    Uint8Array.fromHex(hex.replaceAll(" ", ""))
  );
  for (const bytes of mutations(seeds)) {
    for (const nal of splitAnnexB(bytes) ?? []) {
      assertEquals(nal.length > 0 && nal.at(-1) !== 0, true);
    }
  }
});
