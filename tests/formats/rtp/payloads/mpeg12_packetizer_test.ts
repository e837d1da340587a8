import { mpeg12VideoPayloadFormat } from "#formats/rtp/payloads/mpeg12_video.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";

const CONFIG = "000001b31400f023ffffe018000001b5148a00010000";
const GROUP = "000001b80008004000";
const I_PICTURE = "00000100000ffff8000001b58ffff34180";
const P_PICTURE = "0000010000d7fff980000001b58ffff34180";
const B_PICTURE = "00000100005ffffb90000001b58ffff34180";
const SEQUENCE_END = "000001b7";
/** The first slice has 8 bytes, the others 10 and 12. */
const SLICES = [
  "0000010123f9c230",
  "0000010223f9c2306677",
  "0000010323f9c23066778899",
];

const I_HEADERS = CONFIG + GROUP + I_PICTURE;

function packetize(
  hex: string,
  maxPayloadBytes: number,
  { isRandomAccess = false, config = undefined as string | undefined } = {},
): [hex: string, marker: boolean][] {
  return mpeg12VideoPayloadFormat.openPacketizer({
    codec: "mpeg12Video",
    config: config === undefined ? undefined : Uint8Array.fromHex(config),
  }, maxPayloadBytes)
    .packetize([Uint8Array.fromHex(hex)], isRandomAccess)
    .map(({ bytes, marker }) => [bytes.toHex(), marker]);
}

/** Sizes are those of the slices and the 4 bytes of the header. */
const CASES: {
  name: string;
  hex: string;
  maxPayloadBytes: number;
  payloads: readonly (readonly [header: string, content: string])[];
}[] = [{
  name: "one packet: S, B and E, type I",
  hex: I_HEADERS + SLICES[0],
  maxPayloadBytes: 100,
  payloads: [["00003900", I_HEADERS + SLICES[0]]],
}, {
  name: "slices together as far as they fit, no S in the second packet",
  hex: I_HEADERS + SLICES.join(""),
  maxPayloadBytes: 4 + (I_HEADERS + SLICES[0] + SLICES[1]).length / 2,
  payloads: [
    ["00003900", I_HEADERS + SLICES[0] + SLICES[1]],
    ["00001900", SLICES[2]!],
  ],
}, {
  name: "temporal reference, FFV and FFC of a P picture",
  hex: P_PICTURE + SLICES.join(""),
  maxPayloadBytes: 4 + 26,
  payloads: [
    ["00031a03", P_PICTURE + SLICES[0]],
    ["00031a03", SLICES[1]! + SLICES[2]],
  ],
}, {
  name: "FBV and BFC of a B picture",
  hex: B_PICTURE + SLICES[0],
  maxPayloadBytes: 100,
  payloads: [["00011b27", B_PICTURE + SLICES[0]]],
}, {
  name: "a slice over the limit: B in the first fragment, E in the last",
  hex: SLICES[0]! + `${SLICES[2]}0011223344` + SLICES[1],
  maxPayloadBytes: 16,
  payloads: [
    ["00001800", SLICES[0]!],
    ["00001000", SLICES[2]!],
    ["00000800", "0011223344"],
    ["00001800", SLICES[1]!],
  ],
}, {
  name: "headers over the limit: S in the first fragment, B in none",
  hex: CONFIG + I_PICTURE + SLICES[0],
  maxPayloadBytes: 4 + 24,
  payloads: [
    ["00002100", (CONFIG + I_PICTURE).slice(0, 48)],
    ["00000900", (CONFIG + I_PICTURE + SLICES[0]).slice(48)],
  ],
}, {
  name: "a second field: its headers begin a packet, with its own type",
  hex: I_PICTURE + SLICES[0] + P_PICTURE + SLICES[1],
  maxPayloadBytes: 100,
  payloads: [
    ["00001900", I_PICTURE + SLICES[0]],
    ["00031a03", P_PICTURE + SLICES[1]],
  ],
}, {
  name: "a sequence end with the last slice",
  hex: SLICES[0] + SEQUENCE_END,
  maxPayloadBytes: 100,
  payloads: [["00001800", SLICES[0] + SEQUENCE_END]],
}, {
  name: "headers without a slice: neither B nor E",
  hex: CONFIG,
  maxPayloadBytes: 100,
  payloads: [["00002000", CONFIG]],
}, {
  name: "nothing of what stands before the first start code",
  hex: `aabb${SLICES[0]}`,
  maxPayloadBytes: 100,
  payloads: [["00001800", SLICES[0]!]],
}, {
  name: "nothing without a start code",
  hex: "0102030405",
  maxPayloadBytes: 100,
  payloads: [],
}];

for (const { name, hex, maxPayloadBytes, payloads } of CASES) {
  Deno.test(`MPEG-1/2 packetize() writes ${name}`, () => {
    assertEquals(
      packetize(hex, maxPayloadBytes),
      payloads.map(([header, content], i) => [
        header + content,
        i === payloads.length - 1,
      ]),
    );
  });
}

Deno.test("MPEG-1/2 packetize() puts the sequence header before random access units that have none", () => {
  const picture = I_PICTURE + SLICES[0];
  const options = { isRandomAccess: true, config: CONFIG };
  for (
    const [hex, isRandomAccess, expected] of [
      [picture, true, `00003900${CONFIG}${picture}`],
      [CONFIG + picture, true, `00003900${CONFIG}${picture}`],
      [picture, false, `00001900${picture}`],
    ] as const
  ) {
    const payloads = packetize(hex, 100, { ...options, isRandomAccess });
    assertEquals(payloads, [[expected, true]]);
  }
});

Deno.test("MPEG-1/2 packetize() and extract() agree at every payload size, for mutated units too", () => {
  const seeds = [I_HEADERS + SLICES.join(""), B_PICTURE + SLICES.join("")]
    .map((hex) => Uint8Array.fromHex(hex));
  const parameters = { codec: "mpeg12Video", config: undefined } as const;
  const depacketizer = mpeg12VideoPayloadFormat.openDepacketizer(parameters);
  let size = 16;
  for (const unit of [...seeds, ...mutations(seeds, 2_000)]) {
    size = size < 100 ? size + 1 : 16;
    const payloads = mpeg12VideoPayloadFormat.openPacketizer(parameters, size)
      .packetize([unit], false);
    assert(payloads.every(({ bytes }) => bytes.length <= size));
    const marked = payloads.filter(({ marker }) => marker).length;
    assertEquals(marked, Math.min(payloads.length, 1));
    const joined = depacketizer.extract(payloads.map(({ bytes }) => bytes))[0];
    const tail = unit.subarray(unit.length - (joined?.length ?? 0));
    assertEquals(joined ?? new Uint8Array(), tail);
  }
});
