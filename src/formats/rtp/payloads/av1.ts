import { ParseError } from "#base/errors.ts";
import { VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";
import {
  AV1_OBU,
  av1ObuType,
  isAv1KeyFrame,
  splitObus,
} from "#codecs/av1/obu.ts";
import {
  type Av1SequenceHeader,
  parseAv1SequenceHeader,
} from "#codecs/av1/sequence_header.ts";
import type { Av1Parameters } from "#codecs/codec.ts";
import {
  isSameBytes,
  MAX_PARAMETER_SET_BYTES,
} from "#codecs/parameter_sets.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayloadFormat,
  RtpUnitSummary,
} from "#formats/rtp/payload_format.ts";
import { fmtpInteger } from "./audio.ts";
import { Av1Elements, extractObus, NEW_SEQUENCE_BIT } from "./av1_elements.ts";
import { Av1Packetizer } from "./av1_packetizer.ts";

/** What the fields of a sequence header can express. */
const MAX_PROFILE = 7;
const MAX_LEVEL_IDX = 31;
const MAX_TIER = 1;

const NOTHING_NEW: RtpUnitSummary<"av1"> = {
  isRandomAccess: false,
  parameters: undefined,
};
const RANDOM_ACCESS: RtpUnitSummary<"av1"> = {
  isRandomAccess: true,
  parameters: undefined,
};

class Av1Depacketizer implements RtpDepacketizer<"av1"> {
  #elements = new Av1Elements();
  #parameters: Av1Parameters;

  constructor(parameters: Av1Parameters) {
    this.#parameters = parameters;
  }

  inspect(payloads: readonly Uint8Array[]): RtpUnitSummary<"av1"> {
    const elements = this.#elements;
    let found: Uint8Array | undefined;
    let isKeyFrame = payloads.length > 0 &&
      (payloads[0]![0]! & NEW_SEQUENCE_BIT) !== 0;
    elements.start(payloads);
    while (elements.next()) {
      if (!elements.isStart) continue;
      const { bytes, offsetBytes, endBytes } = elements;
      if (av1ObuType(bytes, offsetBytes) === AV1_OBU.sequenceHeader) {
        found = elements.take();
      } else isKeyFrame ||= isAv1KeyFrame(bytes, offsetBytes, endBytes);
    }
    if (elements.isMalformed || found === undefined) return NOTHING_NEW;
    const known = this.#parameters;
    const header = knownOrReadable(found, known.sequenceHeader);
    if (header === undefined) return NOTHING_NEW;
    if (header === known.sequenceHeader) {
      return isKeyFrame ? RANDOM_ACCESS : NOTHING_NEW;
    }
    this.#parameters = { ...known, sequenceHeader: header };
    return { isRandomAccess: isKeyFrame, parameters: this.#parameters };
  }

  extract(payloads: readonly Uint8Array[]): Uint8Array[] {
    return extractObus(this.#elements, payloads);
  }
}

/** The known sequence header if it is the same, else a copy of the new one; undefined if that cannot be read. */
function knownOrReadable(
  found: Uint8Array,
  known: Uint8Array | undefined,
): Uint8Array | undefined {
  if (known && isSameBytes(found, known)) return known;
  if (found.length > MAX_PARAMETER_SET_BYTES) return undefined;
  try {
    const header = splitObus(found)[0]!;
    if (known && isSameBytes(header, known)) return known;
    return readHeader(header) && header.slice();
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

function readHeader(obu: Uint8Array): Av1SequenceHeader | undefined {
  try {
    return parseAv1SequenceHeader(obu);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

function parseDescription(
  description: RtpFormatDescription,
): Av1Parameters | undefined {
  if (description.encodingName.toLowerCase() !== "av1") return undefined;
  const profile = fmtpInteger(description, "profile", MAX_PROFILE);
  const levelIdx = fmtpInteger(description, "level-idx", MAX_LEVEL_IDX);
  const tier = fmtpInteger(description, "tier", MAX_TIER);
  const announced = {
    ...(profile === undefined ? {} : { profile }),
    ...(levelIdx === undefined ? {} : { levelIdx }),
    ...(tier === undefined ? {} : { tier }),
  };
  return {
    codec: "av1",
    sequenceHeader: undefined,
    ...(Object.keys(announced).length === 0 ? {} : { announced }),
  };
}

function describe(parameters: Av1Parameters): RtpFormatDescription {
  const { sequenceHeader, announced } = parameters;
  const { profile, levelIdx, tier }: Partial<Av1SequenceHeader> = {
    ...(sequenceHeader && readHeader(sequenceHeader)),
    ...announced,
  };
  const fmtp = new Map<string, string>();
  if (levelIdx !== undefined) fmtp.set("level-idx", `${levelIdx}`);
  if (profile !== undefined) fmtp.set("profile", `${profile}`);
  if (tier !== undefined) fmtp.set("tier", `${tier}`);
  return {
    mediaType: "video",
    payloadType: undefined,
    encodingName: "AV1",
    clockRateHz: VIDEO_CLOCK_RATE_HZ,
    channelCount: undefined,
    fmtp,
  };
}

/**
 * AV1 in RTP.
 *
 * What the publisher announced is told to readers in its words; the rest comes from the sequence header.
 *
 * Spec: RTP Payload Format For AV1 v1.0.0 (AOM).
 * Deviates: OBUs with size fields are accepted, also several in one OBU element; padding OBUs are dropped.
 */
export const av1PayloadFormat: RtpPayloadFormat<"av1"> = {
  formatId: "rtp/av1",
  codec: "av1",
  unitBoundary: "marker",
  parseDescription,
  describe,
  openDepacketizer(parameters: Av1Parameters): RtpDepacketizer<"av1"> {
    return new Av1Depacketizer(parameters);
  },
  openPacketizer(
    parameters: Av1Parameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    return new Av1Packetizer(parameters.sequenceHeader, maxPayloadBytes);
  },
};
