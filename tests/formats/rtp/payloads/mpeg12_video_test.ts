import { ParseError } from "#base/errors.ts";
import type { Mpeg12VideoParameters } from "#codecs/codec.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { mpeg12VideoPayloadFormat } from "#formats/rtp/payloads/mpeg12_video.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { chunkings, mutations } from "#test/splits.ts";

const CONFIG = "000001b31400f023ffffe018000001b5148a00010000";
const OTHER_CONFIG = CONFIG.replace("b314", "b328");
const GROUP = "000001b80008004000";
const I_PICTURE = "00000100000ffff8000001b58ffff34180";
const P_PICTURE = "0000010000d7fff980000001b58ffff34180";
const SLICE = "0000010123f9c230";
/** What GStreamer 1.22 writes. */
const NO_FIELDS = "00000000";

const UNKNOWN: Mpeg12VideoParameters = {
  codec: "mpeg12Video",
  config: undefined,
};

const PLAIN: RtpFormatDescription = {
  mediaType: "video",
  payloadType: 32,
  encodingName: "",
  clockRateHz: 90_000,
  channelCount: undefined,
  fmtp: new Map(),
};

function open() {
  return mpeg12VideoPayloadFormat.openDepacketizer(UNKNOWN);
}

/** Payloads of the pieces, each behind the same header. */
function payloadsOf(
  pieces: readonly (Uint8Array | string)[],
  header = NO_FIELDS,
): Uint8Array[] {
  return pieces.map((piece) =>
    Uint8Array.fromHex(
      header + (typeof piece === "string" ? piece : piece.toHex()),
    )
  );
}

Deno.test("mpeg12VideoPayloadFormat is the static payload type 32 without rtpmap", () => {
  const { parseDescription, describe } = mpeg12VideoPayloadFormat;
  assertEquals(describe(UNKNOWN), PLAIN);
  for (const encodingName of ["MPV", "mpv"]) {
    assertEquals(parseDescription({ ...PLAIN, encodingName }), UNKNOWN);
  }
  for (
    const other of [
      { ...PLAIN, encodingName: "MP2T" },
      { ...PLAIN, encodingName: "MPV", clockRateHz: 25 },
    ]
  ) assertEquals(parseDescription(other), undefined);
});

const UNITS = [
  {
    name: "an I picture",
    hex: I_PICTURE + SLICE,
    isRandomAccess: true,
    config: undefined,
  },
  {
    name: "a P picture",
    hex: P_PICTURE + SLICE + SLICE,
    isRandomAccess: false,
    config: undefined,
  },
  {
    name: "a sequence header, a group and an I picture",
    hex: CONFIG + GROUP + I_PICTURE + SLICE,
    isRandomAccess: true,
    config: CONFIG,
  },
  {
    name: "a sequence header and a P picture [intra refresh]",
    hex: CONFIG + P_PICTURE + SLICE,
    isRandomAccess: true,
    config: CONFIG,
  },
  {
    name: "slices alone",
    hex: SLICE + SLICE,
    isRandomAccess: false,
    config: undefined,
  },
  {
    name: "no start code",
    hex: "0102030405",
    isRandomAccess: false,
    config: undefined,
  },
] as const;

for (const { name, hex, isRandomAccess, config } of UNITS) {
  Deno.test(`MPEG-1/2 inspect() sees ${name}, however it is fragmented`, () => {
    for (const pieces of chunkings(Uint8Array.fromHex(hex))) {
      const summary = open().inspect(payloadsOf(pieces));
      assertEquals(summary.isRandomAccess, isRandomAccess);
      assertEquals(summary.parameters?.config?.toHex(), config);
    }
  });

  Deno.test(`MPEG-1/2 extract() joins the fragments of ${name}`, () => {
    const unit = Uint8Array.fromHex(hex);
    for (const pieces of chunkings(unit)) {
      assertEquals(open().extract(payloadsOf(pieces)), [unit]);
    }
  });
}

Deno.test("MPEG-1/2 inspect() sees a sequence header behind a small picture [GStreamer 1.22 rtpmpvpay]", () => {
  const unit = P_PICTURE + SLICE + CONFIG + GROUP + I_PICTURE + SLICE;
  const summary = open().inspect(payloadsOf([unit.slice(0, -8), SLICE]));
  assertEquals(summary.isRandomAccess, true);
  assertEquals(summary.parameters?.config?.toHex(), CONFIG);
});

Deno.test("MPEG-1/2 inspect() tells of new parameters once", () => {
  const depacketizer = open();
  const seen = [CONFIG, CONFIG, OTHER_CONFIG].map((config) =>
    depacketizer.inspect(payloadsOf([config + I_PICTURE + SLICE])).parameters
      ?.config?.toHex()
  );
  assertEquals(seen, [CONFIG, undefined, OTHER_CONFIG]);
});

Deno.test("MPEG-1/2 inspect() needs a sequence header once they are repeated [second field of an I picture]", () => {
  const depacketizer = open();
  const withHeader = payloadsOf([CONFIG + I_PICTURE + SLICE]);
  const without = payloadsOf([I_PICTURE + SLICE]);
  const seen = [withHeader, without, withHeader, without]
    .map((payloads) => depacketizer.inspect(payloads).isRandomAccess);
  assertEquals(seen, [true, true, true, false]);
});

Deno.test("MPEG-1/2 extract() passes over the extensions of MPEG-2", () => {
  for (
    const header of [
      "04000000" + "01111000",
      // Composite display information.
      "04000000" + "01111001" + "000abcde",
      // Two words of other extensions, the length among them.
      "04000000" + "41111000" + "0211111111111111",
      "04000000" + "41111001" + "000abcde" + "01111111",
    ]
  ) {
    const payloads = payloadsOf([I_PICTURE, SLICE], header);
    const unit = Uint8Array.fromHex(I_PICTURE + SLICE);
    assertEquals(open().extract(payloads), [unit]);
    assertEquals(open().inspect(payloads).isRandomAccess, true);
  }
});

Deno.test("MPEG-1/2 extract() rejects payloads that end within their headers", () => {
  for (
    const hex of [
      "",
      "000000",
      "04000000",
      "04000000011110",
      "0400000001111001000a",
      "0400000041111000",
      "04000000411110000211111111",
    ]
  ) {
    const cut = [payloadsOf([SLICE])[0]!, Uint8Array.fromHex(hex)];
    const error = assertThrows(() => open().extract(cut), ParseError);
    assertEquals(error.field, "payloads[1].header");
    assertEquals(open().inspect(cut).isRandomAccess, false);
  }
  assertEquals(open().extract([]), []);
  assertEquals(open().inspect([]).isRandomAccess, false);
});

Deno.test("MPEG-1/2 extract() throws only ParseError, inspect() never", () => {
  const seeds = UNITS.flatMap(({ hex }) => [
    ...payloadsOf([hex]),
    ...payloadsOf([hex], "0400000041111001000abcde01111111"),
  ]);
  const depacketizer = open();
  for (const bytes of mutations(seeds)) {
    const payloads = [bytes, seeds[0]!];
    depacketizer.inspect(payloads);
    try {
      depacketizer.extract(payloads);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
