import { ParseError } from "#base/errors.ts";
import type { OpusParameters } from "#codecs/codec.ts";
import {
  MAX_OPUS_CHANNEL_COUNT,
  OPUS_CLOCK_RATE_HZ,
  opusPacketTicks,
} from "#codecs/opus.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayload,
  RtpPayloadFormat,
  RtpUnitSummary,
} from "#formats/rtp/payload_format.ts";
import { AUDIO_UNIT_SUMMARY, descriptionError, fmtpInteger } from "./audio.ts";

type Multistream = NonNullable<OpusParameters["multistream"]>;

/** The rtpmap of one stream always says two channels. Spec: RFC 7587 §7. */
const RTPMAP_CHANNEL_COUNT = 2;
/** A channel of a mapping that stays silent. Spec: RFC 7845 §5.1.1. */
const SILENT_CHANNEL = 255;

/** Streams, coupled streams and channel mapping by number of channels. Spec: RFC 7845 §5.1.1.2. */
const MULTISTREAM_LAYOUTS: ReadonlyMap<number, Multistream> = new Map([
  [3, layout(2, 1, [0, 2, 1])],
  [4, layout(2, 2, [0, 1, 2, 3])],
  [5, layout(3, 2, [0, 4, 1, 2, 3])],
  [6, layout(4, 2, [0, 4, 1, 2, 3, 5])],
  [7, layout(4, 3, [0, 4, 1, 2, 3, 5, 6])],
  [8, layout(5, 3, [0, 6, 1, 2, 3, 4, 5, 7])],
]);

function layout(
  streamCount: number,
  coupledStreamCount: number,
  channelMapping: readonly number[],
): Multistream {
  return { streamCount, coupledStreamCount, channelMapping };
}

/** Has no state: all tracks share one. */
const depacketizer: RtpDepacketizer<"opus"> = {
  inspect(_payloads: readonly Uint8Array[]): RtpUnitSummary<"opus"> {
    return AUDIO_UNIT_SUMMARY;
  },
  extract(payloads: readonly Uint8Array[]): Uint8Array[] {
    const packets: Uint8Array[] = [];
    for (const payload of payloads) {
      if (opusPacketTicks(payload) === undefined) {
        throw new ParseError(
          `must last over 0 and up to 120 ms, found ${payload.length} bytes`,
          { format: "Opus RTP payload", field: "TOC", offsetBytes: 0 },
        );
      }
      packets.push(payload);
    }
    return packets;
  },
};

class OpusPacketizer implements RtpPacketizer {
  #maxPayloadBytes: number;

  constructor(maxPayloadBytes: number) {
    this.#maxPayloadBytes = maxPayloadBytes;
  }

  packetize(parts: readonly Uint8Array[]): RtpPayload[] {
    const payloads: RtpPayload[] = [];
    let offsetTicks = 0;
    for (let i = 0; i < parts.length; i++) {
      const bytes = parts[i]!;
      const ticks = opusPacketTicks(bytes);
      if (ticks === undefined) continue;
      if (bytes.length <= this.#maxPayloadBytes) {
        payloads.push({ bytes, marker: false, offsetTicks });
      }
      offsetTicks += ticks;
    }
    return payloads;
  }
}

function parseDescription(
  description: RtpFormatDescription,
): OpusParameters | undefined {
  const name = description.encodingName.toLowerCase();
  if (name !== "opus" && name !== "multiopus") return undefined;
  if (description.clockRateHz !== OPUS_CLOCK_RATE_HZ) {
    throw descriptionError(
      description,
      "clock rate",
      `must be ${OPUS_CLOCK_RATE_HZ}, found ${description.clockRateHz}`,
    );
  }
  return name === "opus"
    ? parseSingleStream(description)
    : parseMultistream(description);
}

function parseSingleStream(description: RtpFormatDescription): OpusParameters {
  const { channelCount = RTPMAP_CHANNEL_COUNT, fmtp } = description;
  if (channelCount > RTPMAP_CHANNEL_COUNT) {
    throw descriptionError(
      description,
      "channels",
      `must be 2, found ${channelCount}`,
    );
  }
  const isMono = channelCount === 1 || fmtp.get("sprop-stereo") === "0";
  return { codec: "opus", channelCount: isMono ? 1 : 2 };
}

function parseMultistream(description: RtpFormatDescription): OpusParameters {
  const { channelCount = RTPMAP_CHANNEL_COUNT, fmtp } = description;
  if (channelCount < 1 || channelCount > MAX_OPUS_CHANNEL_COUNT) {
    throw descriptionError(
      description,
      "channels",
      `must be 1 to ${MAX_OPUS_CHANNEL_COUNT}, found ${channelCount}`,
    );
  }
  const streamCount = fmtpInteger(
    description,
    "num_streams",
    MAX_OPUS_CHANNEL_COUNT,
  );
  const coupledStreamCount = fmtpInteger(
    description,
    "coupled_streams",
    streamCount ?? 0,
  );
  const mapping = fmtp.get("channel_mapping");
  if (
    streamCount === undefined || coupledStreamCount === undefined ||
    mapping === undefined
  ) {
    return { codec: "opus", channelCount };
  }
  const channelMapping = mapping.split(",", MAX_OPUS_CHANNEL_COUNT + 1)
    .map((text) => /^\d{1,3}$/.test(text.trim()) ? Number(text) : Infinity);
  const codedChannelCount = streamCount + coupledStreamCount;
  if (
    channelMapping.length !== channelCount ||
    channelMapping.some((from) =>
      from >= codedChannelCount && from !== SILENT_CHANNEL
    )
  ) {
    throw descriptionError(
      description,
      "channel_mapping",
      `must be ${channelCount} channels below ${codedChannelCount}, found "${
        mapping.slice(0, 40)
      }"`,
    );
  }
  return {
    codec: "opus",
    channelCount,
    multistream: { streamCount, coupledStreamCount, channelMapping },
  };
}

function describe(
  parameters: OpusParameters,
): RtpFormatDescription | undefined {
  const { channelCount } = parameters;
  const multistream = parameters.multistream ??
    MULTISTREAM_LAYOUTS.get(channelCount);
  const common = {
    mediaType: "audio",
    payloadType: undefined,
    clockRateHz: OPUS_CLOCK_RATE_HZ,
  } as const;
  if (!multistream) {
    if (channelCount > RTPMAP_CHANNEL_COUNT) return undefined;
    return {
      ...common,
      encodingName: "opus",
      channelCount: RTPMAP_CHANNEL_COUNT,
      fmtp: new Map([["sprop-stereo", channelCount === 2 ? "1" : "0"]]),
    };
  }
  return {
    ...common,
    encodingName: "multiopus",
    channelCount,
    fmtp: new Map([
      ["num_streams", `${multistream.streamCount}`],
      ["coupled_streams", `${multistream.coupledStreamCount}`],
      ["channel_mapping", multistream.channelMapping.join(",")],
      ["sprop-maxcapturerate", `${OPUS_CLOCK_RATE_HZ}`],
    ]),
  };
}

/**
 * Opus in RTP, also with several streams (`multiopus`).
 *
 * One channel only if `sprop-stereo=0` says so. A packet over the limit is not sent: Opus cannot be fragmented.
 *
 * Spec: RFC 7587.
 * Deviates: `opus/48000/1` and `opus/48000` are accepted, the first as one channel; `multiopus` without a layout
 * gets the one of RFC 7845.
 */
export const opusPayloadFormat: RtpPayloadFormat<"opus"> = {
  formatId: "rtp/opus",
  codec: "opus",
  unitBoundary: "packet",
  parseDescription,
  describe,
  openDepacketizer(_parameters: OpusParameters): RtpDepacketizer<"opus"> {
    return depacketizer;
  },
  openPacketizer(
    _parameters: OpusParameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    return new OpusPacketizer(maxPayloadBytes);
  },
};
