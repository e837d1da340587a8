import type { G726Parameters } from "#codecs/codec.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayloadFormat,
} from "#formats/rtp/payload_format.ts";
import {
  BlockDepacketizer,
  type BlockLayout,
  BlockPacketizer,
} from "./blocks.ts";

const CLOCK_RATE_HZ = 8_000;

/** Samples of 2, 3, 4 and 5 bits: the fewest that fill whole bytes. Spec: RFC 3551 §4.5.4. */
const LAYOUTS: Readonly<Record<G726Parameters["bitRateKbps"], BlockLayout>> = {
  16: { bytes: 1, ticks: 4 },
  24: { bytes: 3, ticks: 8 },
  32: { bytes: 1, ticks: 2 },
  40: { bytes: 5, ticks: 8 },
};

/** Every name: `AAL2` means that samples are packed from the most significant bit. */
const PARAMETERS: ReadonlyMap<string, G726Parameters> = new Map(
  ([16, 24, 32, 40] as const).flatMap((bitRateKbps) =>
    [false, true].map((isBigEndian) => {
      const parameters = { codec: "g726", bitRateKbps, isBigEndian } as const;
      return [encodingName(parameters), parameters];
    })
  ),
);

function encodingName({ bitRateKbps, isBigEndian }: G726Parameters): string {
  return `${isBigEndian ? "AAL2-" : ""}G726-${bitRateKbps}`;
}

function parseDescription(
  description: RtpFormatDescription,
): G726Parameters | undefined {
  const { clockRateHz, channelCount = 1 } = description;
  if (clockRateHz !== CLOCK_RATE_HZ || channelCount !== 1) return undefined;
  return PARAMETERS.get(description.encodingName.toUpperCase());
}

function describe(parameters: G726Parameters): RtpFormatDescription {
  return {
    mediaType: "audio",
    payloadType: undefined,
    encodingName: encodingName(parameters),
    clockRateHz: CLOCK_RATE_HZ,
    channelCount: undefined,
    fmtp: new Map(),
  };
}

/**
 * G.726 in RTP at its four bit rates, in both orders of bits.
 *
 * Packets are split where samples fill whole bytes. What is announced with another clock than 8,000 Hz, or with
 * several channels, is left to the generic format.
 *
 * Spec: RFC 3551 §4.5.4.
 */
export const g726PayloadFormat: RtpPayloadFormat<"g726"> = {
  formatId: "rtp/g726",
  codec: "g726",
  unitBoundary: "packet",
  parseDescription,
  describe,
  openDepacketizer({ bitRateKbps }: G726Parameters): RtpDepacketizer<"g726"> {
    return new BlockDepacketizer("G726 RTP payload", LAYOUTS[bitRateKbps]);
  },
  openPacketizer(
    { bitRateKbps }: G726Parameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    return new BlockPacketizer(LAYOUTS[bitRateKbps], maxPayloadBytes);
  },
};
