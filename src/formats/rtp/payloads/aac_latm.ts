import { assert, ParseError } from "#base/errors.ts";
import { rescaleTicks } from "#base/time.ts";
import { parseAudioSpecificConfig } from "#codecs/aac/audio_specific_config.ts";
import {
  parseAnnouncedStreamMuxConfig,
  parseAudioMuxElement,
  parseInBandStreamMuxConfig,
  parseStreamMuxConfig,
  serializeAudioMuxElement,
  serializeStreamMuxConfig,
  type StreamMuxConfig,
} from "#codecs/aac/latm.ts";
import type { AacParameters } from "#codecs/codec.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayload,
  RtpPayloadFormat,
  RtpUnitSummary,
} from "#formats/rtp/payload_format.ts";
import { aacTiming, MAX_AAC_CONFIG_BYTES } from "./aac.ts";
import {
  AUDIO_UNIT_SUMMARY,
  descriptionError,
  fmtpHex,
  fmtpInteger,
} from "./audio.ts";

/** An AudioMuxElement that was fragmented over packets. */
const MAX_ELEMENT_BYTES = 65_535;
/** First bit of an element with its configuration in band: the last one still holds. */
const USE_SAME_STREAM_MUX = 0b1000_0000;
/** What `profile-level-id` means if it is left out: natural audio profile, level 1. Spec: RFC 6416 §7.3. */
const DEFAULT_PROFILE_LEVEL_ID = "30";

class LatmDepacketizer implements RtpDepacketizer<"aac"> {
  #parameters: AacParameters;
  #isConfigInBand: boolean;
  #known: StreamMuxConfig | undefined;
  /** Start of the element that brought the last configuration, for a quick comparison. */
  #lastHead = new Uint8Array(0);
  #lastHeadBits = 0;

  constructor(parameters: AacParameters) {
    this.#parameters = parameters;
    this.#isConfigInBand = parameters.latm?.isConfigInBand ?? true;
    const known = parameters.latm?.streamMuxConfig;
    this.#known = known && parseStreamMuxConfig(known);
  }

  inspect(payloads: readonly Uint8Array[]): RtpUnitSummary<"aac"> {
    const first = payloads[0];
    if (
      !this.#isConfigInBand || !first || first.length === 0 ||
      (first[0]! & USE_SAME_STREAM_MUX) !== 0 || this.#hasLastHead(first)
    ) {
      return AUDIO_UNIT_SUMMARY;
    }
    try {
      return this.#learn(joined(payloads));
    } catch (error) {
      if (error instanceof ParseError) return AUDIO_UNIT_SUMMARY;
      throw error;
    }
  }

  extract(payloads: readonly Uint8Array[]): Uint8Array[] {
    return parseAudioMuxElement(joined(payloads), {
      isConfigInBand: this.#isConfigInBand,
      known: this.#known,
    }).accessUnits;
  }

  #hasLastHead(element: Uint8Array): boolean {
    const wholeBytes = this.#lastHeadBits >>> 3;
    if (wholeBytes === 0 || element.length <= wholeBytes) return false;
    for (let i = 0; i < wholeBytes; i++) {
      if (element[i] !== this.#lastHead[i]) return false;
    }
    const difference = element[wholeBytes]! ^ this.#lastHead[wholeBytes]!;
    return difference >>> (8 - (this.#lastHeadBits & 7)) === 0;
  }

  /** Takes over the configuration in band; fields that only describe a buffer do not count as a change. */
  #learn(element: Uint8Array): RtpUnitSummary<"aac"> {
    const found = parseInBandStreamMuxConfig(element);
    if (!found) return AUDIO_UNIT_SUMMARY;
    const { config, lengthBits } = found;
    this.#lastHead = element.slice(0, (lengthBits >>> 3) + 1);
    this.#lastHeadBits = lengthBits;
    const streamMuxConfig = serializeStreamMuxConfig(config);
    const last = this.#parameters.latm?.streamMuxConfig;
    if (last && last.toHex() === streamMuxConfig.toHex()) {
      return AUDIO_UNIT_SUMMARY;
    }
    this.#known = config;
    this.#parameters = parametersOf(config, {
      streamMuxConfig,
      isConfigInBand: true,
      clockRateHz: this.#parameters.sampleRateHz,
    });
    return { isRandomAccess: true, parameters: this.#parameters };
  }
}

class LatmPacketizer implements RtpPacketizer {
  #maxPayloadBytes: number;
  #clockRateHz: number;
  #coreSampleRateHz: number;
  #frameLengthSamples: number;
  #subFrameCount: number;
  #inBandConfig: StreamMuxConfig | undefined;

  constructor(
    config: StreamMuxConfig,
    parameters: AacParameters,
    maxPayloadBytes: number,
  ) {
    const timing = aacTiming(config.audioSpecificConfig);
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#clockRateHz = parameters.sampleRateHz;
    this.#coreSampleRateHz = timing.coreSampleRateHz;
    this.#frameLengthSamples = timing.frameLengthSamples;
    // In band each element says how many access units it has, so one is enough.
    const isInBand = parameters.latm?.isConfigInBand ?? false;
    this.#subFrameCount = isInBand ? 1 : config.subFrameCount;
    this.#inBandConfig = isInBand ? { ...config, subFrameCount: 1 } : undefined;
  }

  packetize(parts: readonly Uint8Array[]): RtpPayload[] {
    const payloads: RtpPayload[] = [];
    const count = this.#subFrameCount;
    for (let first = 0; first + count <= parts.length; first += count) {
      const element = serializeAudioMuxElement(
        count === parts.length ? parts : parts.slice(first, first + count),
        this.#inBandConfig,
      );
      const offsetTicks = rescaleTicks(
        first * this.#frameLengthSamples,
        this.#coreSampleRateHz,
        this.#clockRateHz,
      );
      for (let at = 0; at < element.length; at += this.#maxPayloadBytes) {
        const end = Math.min(at + this.#maxPayloadBytes, element.length);
        payloads.push({
          bytes: element.subarray(at, end),
          marker: end === element.length,
          offsetTicks,
        });
      }
    }
    return payloads;
  }
}

/** Nothing can be sent before the configuration is known. */
const silentPacketizer: RtpPacketizer = { packetize: () => [] };

function joined(payloads: readonly Uint8Array[]): Uint8Array {
  if (payloads.length === 1) return payloads[0]!;
  let sizeBytes = 0;
  for (const payload of payloads) sizeBytes += payload.length;
  if (sizeBytes > MAX_ELEMENT_BYTES) {
    throw new ParseError(
      `must be at most ${MAX_ELEMENT_BYTES} bytes, found ${sizeBytes}`,
      { format: "AudioMuxElement", field: "fragments", offsetBytes: 0 },
    );
  }
  const element = new Uint8Array(sizeBytes);
  let at = 0;
  for (const payload of payloads) {
    element.set(payload, at);
    at += payload.length;
  }
  return element;
}

function parametersOf(
  config: StreamMuxConfig,
  { streamMuxConfig, isConfigInBand, clockRateHz }: {
    streamMuxConfig: Uint8Array;
    isConfigInBand: boolean;
    clockRateHz: number;
  },
): AacParameters {
  const { audioSpecificConfig } = config;
  return {
    codec: "aac",
    audioSpecificConfig,
    sampleRateHz: clockRateHz,
    channelCount: parseAudioSpecificConfig(audioSpecificConfig).channelCount,
    latm: { streamMuxConfig, isConfigInBand },
  };
}

function parseDescription(
  description: RtpFormatDescription,
): AacParameters | undefined {
  if (
    description.encodingName.toLowerCase() !== "mp4a-latm" ||
    description.mediaType !== "audio"
  ) {
    return undefined;
  }
  const { clockRateHz } = description;
  const isConfigInBand = fmtpInteger(description, "cpresent", 1) !== 0;
  if (isConfigInBand) {
    return {
      codec: "aac",
      audioSpecificConfig: undefined,
      sampleRateHz: clockRateHz,
      channelCount: 1,
      latm: { streamMuxConfig: undefined, isConfigInBand },
    };
  }
  const bytes = fmtpHex(description, "config", MAX_AAC_CONFIG_BYTES);
  if (!bytes) throw descriptionError(description, "config", "is missing");
  const config = parseAnnouncedStreamMuxConfig(bytes);
  return parametersOf(config, {
    streamMuxConfig: serializeStreamMuxConfig(config),
    isConfigInBand,
    clockRateHz,
  });
}

function describe(
  parameters: AacParameters,
): RtpFormatDescription | undefined {
  const { latm, audioSpecificConfig, sampleRateHz } = parameters;
  if (!latm) return undefined;
  const fmtp = new Map([
    ["profile-level-id", DEFAULT_PROFILE_LEVEL_ID],
    ["cpresent", latm.isConfigInBand ? "1" : "0"],
  ]);
  let channelCount = 1;
  if (!latm.isConfigInBand) {
    assert(
      latm.streamMuxConfig && audioSpecificConfig,
      "a configuration out of band is known",
    );
    const { audioObjectType } = parseAudioSpecificConfig(audioSpecificConfig);
    fmtp.set("config", latm.streamMuxConfig.toHex());
    fmtp.set("object", `${audioObjectType}`);
    channelCount = aacTiming(audioSpecificConfig).outputChannelCount;
  }
  return {
    mediaType: "audio",
    payloadType: undefined,
    encodingName: "MP4A-LATM",
    clockRateHz: sampleRateHz,
    channelCount,
    fmtp,
  };
}

/**
 * AAC in RTP as MP4A-LATM, its configuration in band or on the fmtp line.
 *
 * Once a configuration was seen in band, the parameters hold it too, so that a depacketizer that is opened later can
 * read units without one. RTP timestamps run at `sampleRateHz`: what the publisher announced, 90,000 for most with
 * the configuration in band. Access units that do not fill an element of the announced size are not sent.
 *
 * Spec: RFC 6416.
 */
export const aacLatmPayloadFormat: RtpPayloadFormat<"aac"> = {
  formatId: "rtp/mp4a-latm",
  codec: "aac",
  unitBoundary: "marker",
  parseDescription,
  describe,
  openDepacketizer(parameters: AacParameters): RtpDepacketizer<"aac"> {
    return new LatmDepacketizer(parameters);
  },
  openPacketizer(
    parameters: AacParameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    const bytes = parameters.latm?.streamMuxConfig;
    if (!bytes) return silentPacketizer;
    const config = parseStreamMuxConfig(bytes);
    return new LatmPacketizer(config, parameters, maxPayloadBytes);
  },
};
