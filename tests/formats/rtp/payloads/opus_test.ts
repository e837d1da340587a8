import { ParseError } from "#base/errors.ts";
import type { OpusParameters } from "#codecs/codec.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { opusPayloadFormat } from "#formats/rtp/payloads/opus.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";

const STEREO: OpusParameters = { codec: "opus", channelCount: 2 };
const MONO: OpusParameters = { codec: "opus", channelCount: 1 };

function description(
  fmtp: Record<string, string>,
  changes: Partial<RtpFormatDescription> = {},
): RtpFormatDescription {
  return {
    mediaType: "audio",
    payloadType: undefined,
    encodingName: "opus",
    clockRateHz: 48_000,
    channelCount: 2,
    fmtp: new Map(Object.entries(fmtp)),
    ...changes,
  };
}

const SURROUND_FMTP = {
  "num_streams": "4",
  "coupled_streams": "2",
  "channel_mapping": "0,4,1,2,3,5",
  "sprop-maxcapturerate": "48000",
};

const DESCRIPTIONS: {
  name: string;
  description: RtpFormatDescription;
  parameters: OpusParameters;
}[] = [{
  name: "stereo",
  description: description({ "sprop-stereo": "1" }),
  parameters: STEREO,
}, {
  name: "mono",
  description: description({ "sprop-stereo": "0" }),
  parameters: MONO,
}, {
  name: "5.1",
  description: description(SURROUND_FMTP, {
    encodingName: "multiopus",
    channelCount: 6,
  }),
  parameters: {
    codec: "opus",
    channelCount: 6,
    multistream: {
      streamCount: 4,
      coupledStreamCount: 2,
      channelMapping: [0, 4, 1, 2, 3, 5],
    },
  },
}];

for (const { name, description, parameters } of DESCRIPTIONS) {
  Deno.test(`opusPayloadFormat.parseDescription() and describe() agree on ${name}`, () => {
    assertEquals(opusPayloadFormat.parseDescription(description), parameters);
    const written = opusPayloadFormat.describe(parameters)!;
    assertEquals(written, description);
    assertEquals([...written.fmtp.keys()], [...description.fmtp.keys()]);
  });
}

Deno.test("opusPayloadFormat.parseDescription() counts channels as devices mean them", () => {
  for (
    const [read, channelCount] of [
      [description({}), 2],
      [description({ stereo: "0" }), 2],
      [description({}, { encodingName: "OPUS" }), 2],
      [description({}, { channelCount: 1 }), 1],
      [description({ stereo: "1", "sprop-stereo": "0" }), 1],
      [description({}, { encodingName: "multiopus", channelCount: 8 }), 8],
    ] as const
  ) {
    assertEquals(opusPayloadFormat.parseDescription(read), {
      codec: "opus",
      channelCount,
    });
  }
  const undefinedChannels: RtpFormatDescription = {
    ...description({}),
    channelCount: undefined,
  };
  assertEquals(opusPayloadFormat.parseDescription(undefinedChannels), STEREO);
});

Deno.test("opusPayloadFormat.parseDescription() leaves other formats alone and names faults", () => {
  const other = description({}, { encodingName: "PCMU" });
  assertEquals(opusPayloadFormat.parseDescription(other), undefined);
  const surround = { encodingName: "multiopus", channelCount: 6 };
  for (
    const [wrong, field] of [
      [description({}, { clockRateHz: 16_000 }), "clock rate"],
      [description({}, { channelCount: 3 }), "channels"],
      [description({}, { ...surround, channelCount: 9 }), "channels"],
      [
        description({ ...SURROUND_FMTP, "num_streams": "9" }, surround),
        "num_streams",
      ],
      [
        description({ ...SURROUND_FMTP, "coupled_streams": "5" }, surround),
        "coupled_streams",
      ],
      [
        description({ ...SURROUND_FMTP, "channel_mapping": "0,1,2" }, surround),
        "channel_mapping",
      ],
      [
        description(
          { ...SURROUND_FMTP, "channel_mapping": "0,1,2,3,4,6" },
          surround,
        ),
        "channel_mapping",
      ],
    ] as const
  ) {
    const error = assertThrows(
      () => opusPayloadFormat.parseDescription(wrong),
      ParseError,
    );
    assertEquals(error.field, field);
  }
});

Deno.test("opusPayloadFormat.describe() gives a layout to every channel count", () => {
  for (let channelCount = 3; channelCount <= 8; channelCount++) {
    const written = opusPayloadFormat.describe({ codec: "opus", channelCount });
    const read = opusPayloadFormat.parseDescription(written!);
    assertEquals(read?.multistream?.channelMapping.length, channelCount);
  }
  assertEquals(
    opusPayloadFormat.describe({ codec: "opus", channelCount: 9 }),
    undefined,
  );
});

const PACKETS = ["f8fffe", "f9aabb", "fb43aabbcc"]
  .map((hex) => Uint8Array.fromHex(hex));

Deno.test("Opus packetize() makes a packet of each part, moved by what came before", () => {
  const payloads = opusPayloadFormat.openPacketizer(STEREO, 4)
    .packetize([...PACKETS, new Uint8Array(), ...PACKETS.slice(0, 1)], true);
  assertEquals(
    payloads.map((
      { bytes, marker, offsetTicks },
    ) => [bytes.toHex(), marker, offsetTicks]),
    [
      ["f8fffe", false, 0],
      ["f9aabb", false, 960],
      // The third is over the limit.
      ["f8fffe", false, 960 + 1_920 + 2_880],
    ],
  );
});

Deno.test("Opus extract() gives payloads as they are and rejects broken ones", () => {
  const depacketizer = opusPayloadFormat.openDepacketizer(STEREO);
  assertEquals(depacketizer.extract(PACKETS), PACKETS);
  for (const hex of ["", "fb", "fb00", "1b03"]) {
    const error = assertThrows(
      () => depacketizer.extract([Uint8Array.fromHex(hex)]),
      ParseError,
    );
    assertEquals(error.field, "TOC");
  }
});

Deno.test("Opus extract() throws only ParseError, inspect() never", () => {
  const depacketizer = opusPayloadFormat.openDepacketizer(STEREO);
  for (const payload of mutations(PACKETS)) {
    assertEquals(depacketizer.inspect([payload]).isRandomAccess, true);
    try {
      depacketizer.extract([payload]);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
