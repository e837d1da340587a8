import { assert } from "#base/errors.ts";
import { rescaleTicks } from "#base/time.ts";
import { parseAudioSpecificConfig } from "#codecs/aac/audio_specific_config.ts";
import type { AacParameters } from "#codecs/codec.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayload,
  RtpPayloadFormat,
  RtpUnitSummary,
} from "#formats/rtp/payload_format.ts";
import {
  AUDIO_UNIT_SUMMARY,
  descriptionError,
  fmtpHex,
  fmtpInteger,
} from "./audio.ts";
import {
  type AuLayout,
  joinAuFragments,
  maxAuBytes,
  splitAus,
  writeAuHeader,
} from "./aac_au.ts";

/** Longest AudioSpecificConfig on an fmtp line; a program config element stays below. */
export const MAX_AAC_CONFIG_BYTES = 1_024;

/** Widest AU-size that is read. */
const MAX_SIZE_LENGTH_BITS = 16;
/** Widest AU-Index and AU-Index-delta that are read. */
const MAX_INDEX_LENGTH_BITS = 16;
/** Access units that are put into one packet. */
const MAX_AUS_PER_PACKET = 64;

const AUDIO_STREAM_TYPE = "5";

/** Field widths of mode AAC-hbr. Spec: RFC 3640 §3.3.6. */
const HIGH_BIT_RATE_LAYOUT: AuLayout = {
  sizeLengthBits: 13,
  indexLengthBits: 3,
  indexDeltaLengthBits: 3,
};
/** AU-size is so narrow in mode AAC-lbr. Spec: RFC 3640 §3.3.5. */
const LOW_BIT_RATE_SIZE_LENGTH_BITS = 6;

/** Parameters that change what a packet looks like in ways that no reader here knows. */
const FOREIGN_LAYOUT_PARAMETERS = [
  "constantsize",
  "ctsdeltalength",
  "dtsdeltalength",
  "randomaccessindication",
  "streamstateindication",
  "auxiliarydatasizelength",
];

/**
 * Timing of an AAC track and what its rtpmap says.
 *
 * Spec: RFC 3640 §4.1; channels as decoders give them, two for parametric stereo.
 *
 * @throws {ParseError} if the AudioSpecificConfig cannot be read.
 */
export function aacTiming(audioSpecificConfig: Uint8Array): {
  coreSampleRateHz: number;
  frameLengthSamples: number;
  outputChannelCount: number;
} {
  const config = parseAudioSpecificConfig(audioSpecificConfig);
  return {
    coreSampleRateHz: config.sampleRateHz,
    frameLengthSamples: config.frameLengthSamples,
    outputChannelCount: config.isPs ? 2 : config.channelCount,
  };
}

class AacDepacketizer implements RtpDepacketizer<"aac"> {
  #layout: AuLayout;

  constructor(layout: AuLayout) {
    this.#layout = layout;
  }

  inspect(_payloads: readonly Uint8Array[]): RtpUnitSummary<"aac"> {
    return AUDIO_UNIT_SUMMARY;
  }

  extract(payloads: readonly Uint8Array[]): Uint8Array[] {
    return payloads.length === 1
      ? splitAus(payloads[0]!, this.#layout)
      : [joinAuFragments(payloads, this.#layout)];
  }
}

class AacPacketizer implements RtpPacketizer {
  #layout: AuLayout;
  #maxPayloadBytes: number;
  #maxAuBytes: number;
  #clockRateHz: number;
  #coreSampleRateHz: number;
  #frameLengthSamples: number;

  constructor(
    parameters: AacParameters,
    layout: AuLayout,
    maxPayloadBytes: number,
  ) {
    assert(parameters.audioSpecificConfig, "an AAC track has a configuration");
    const timing = aacTiming(parameters.audioSpecificConfig);
    this.#layout = layout;
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#maxAuBytes = maxAuBytes(layout);
    this.#clockRateHz = parameters.sampleRateHz;
    this.#coreSampleRateHz = timing.coreSampleRateHz;
    this.#frameLengthSamples = timing.frameLengthSamples;
    assert(this.#sizeBytes(1, 1) <= maxPayloadBytes, "a packet has room");
  }

  packetize(parts: readonly Uint8Array[]): RtpPayload[] {
    const payloads: RtpPayload[] = [];
    for (let first = 0; first < parts.length;) {
      let dataBytes = 0;
      let end = first;
      while (end < parts.length && end - first < MAX_AUS_PER_PACKET) {
        const sizeBytes = parts[end]!.length;
        if (!this.#isSendable(sizeBytes)) break;
        const packetBytes = this.#sizeBytes(
          end - first + 1,
          dataBytes + sizeBytes,
        );
        if (packetBytes > this.#maxPayloadBytes) break;
        dataBytes += sizeBytes;
        end++;
      }
      if (end > first) {
        payloads.push({
          bytes: this.#wholeAus(parts, first, end),
          marker: true,
          offsetTicks: this.#offsetTicks(first),
        });
        first = end;
      } else {
        if (this.#isSendable(parts[first]!.length)) {
          this.#fragment(payloads, parts[first]!, this.#offsetTicks(first));
        }
        first++;
      }
    }
    return payloads;
  }

  #isSendable(sizeBytes: number): boolean {
    return sizeBytes > 0 && sizeBytes <= this.#maxAuBytes;
  }

  #headersBits(auCount: number): number {
    const { sizeLengthBits, indexLengthBits, indexDeltaLengthBits } =
      this.#layout;
    return auCount * sizeLengthBits + indexLengthBits +
      (auCount - 1) * indexDeltaLengthBits;
  }

  #sizeBytes(auCount: number, dataBytes: number): number {
    return 2 + (this.#headersBits(auCount) + 7 >>> 3) + dataBytes;
  }

  #offsetTicks(frameIndex: number): number {
    return rescaleTicks(
      frameIndex * this.#frameLengthSamples,
      this.#coreSampleRateHz,
      this.#clockRateHz,
    );
  }

  #wholeAus(
    parts: readonly Uint8Array[],
    first: number,
    end: number,
  ): Uint8Array {
    let dataBytes = 0;
    for (let i = first; i < end; i++) dataBytes += parts[i]!.length;
    const headersBits = this.#headersBits(end - first);
    const bytes = new Uint8Array(this.#sizeBytes(end - first, dataBytes));
    bytes[0] = headersBits >>> 8;
    bytes[1] = headersBits;
    const { sizeLengthBits, indexLengthBits, indexDeltaLengthBits } =
      this.#layout;
    let atBits = 16;
    let at = bytes.length - dataBytes;
    for (let i = first; i < end; i++) {
      const part = parts[i]!;
      writeAuHeader(bytes, atBits, sizeLengthBits, part.length);
      atBits += sizeLengthBits +
        (i === first ? indexLengthBits : indexDeltaLengthBits);
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  /** Each fragment has the size of the whole access unit in its header. Spec: RFC 3640 §3.2.3. */
  #fragment(
    payloads: RtpPayload[],
    part: Uint8Array,
    offsetTicks: number,
  ): void {
    const headersBits = this.#headersBits(1);
    const headBytes = this.#sizeBytes(1, 0);
    const roomBytes = this.#maxPayloadBytes - headBytes;
    for (let at = 0; at < part.length; at += roomBytes) {
      const end = Math.min(at + roomBytes, part.length);
      const bytes = new Uint8Array(headBytes + end - at);
      bytes[0] = headersBits >>> 8;
      bytes[1] = headersBits;
      writeAuHeader(bytes, 16, this.#layout.sizeLengthBits, part.length);
      bytes.set(part.subarray(at, end), headBytes);
      payloads.push({ bytes, marker: end === part.length, offsetTicks });
    }
  }
}

function layoutOf(parameters: AacParameters): AuLayout {
  return parameters.rtpLayout ?? HIGH_BIT_RATE_LAYOUT;
}

function parseDescription(
  description: RtpFormatDescription,
): AacParameters | undefined {
  const { fmtp } = description;
  if (
    description.encodingName.toLowerCase() !== "mpeg4-generic" ||
    description.mediaType !== "audio" ||
    (fmtp.get("streamtype") ?? AUDIO_STREAM_TYPE) !== AUDIO_STREAM_TYPE ||
    !/^aac[-_][hl]br$/i.test(fmtp.get("mode") ?? "AAC-hbr") ||
    FOREIGN_LAYOUT_PARAMETERS.some((name) => isSet(fmtp.get(name)))
  ) {
    return undefined;
  }
  const layout = parseLayout(description);
  const config = fmtpHex(description, "config", MAX_AAC_CONFIG_BYTES);
  if (!config) throw descriptionError(description, "config", "is missing");
  const { channelCount } = parseAudioSpecificConfig(config);
  return {
    codec: "aac",
    audioSpecificConfig: config,
    sampleRateHz: description.clockRateHz,
    channelCount,
    ...(isHighBitRate(layout) ? {} : { rtpLayout: layout }),
  };
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0";
}

function parseLayout(description: RtpFormatDescription): AuLayout {
  const sizeLengthBits =
    fmtpInteger(description, "sizelength", MAX_SIZE_LENGTH_BITS) ?? 0;
  if (sizeLengthBits === 0) {
    throw descriptionError(
      description,
      "sizelength",
      "is missing or 0",
    );
  }
  return {
    sizeLengthBits,
    indexLengthBits:
      fmtpInteger(description, "indexlength", MAX_INDEX_LENGTH_BITS) ?? 0,
    indexDeltaLengthBits:
      fmtpInteger(description, "indexdeltalength", MAX_INDEX_LENGTH_BITS) ?? 0,
  };
}

function isHighBitRate(layout: AuLayout): boolean {
  return layout.sizeLengthBits === HIGH_BIT_RATE_LAYOUT.sizeLengthBits &&
    layout.indexLengthBits === HIGH_BIT_RATE_LAYOUT.indexLengthBits &&
    layout.indexDeltaLengthBits === HIGH_BIT_RATE_LAYOUT.indexDeltaLengthBits;
}

function describe(
  parameters: AacParameters,
): RtpFormatDescription | undefined {
  const { audioSpecificConfig, latm, sampleRateHz } = parameters;
  if (latm || !audioSpecificConfig) return undefined;
  const layout = layoutOf(parameters);
  const isNarrow = layout.sizeLengthBits === LOW_BIT_RATE_SIZE_LENGTH_BITS;
  return {
    mediaType: "audio",
    payloadType: undefined,
    encodingName: "mpeg4-generic",
    clockRateHz: sampleRateHz,
    channelCount: aacTiming(audioSpecificConfig).outputChannelCount,
    fmtp: new Map([
      ["streamtype", AUDIO_STREAM_TYPE],
      ["mode", isNarrow ? "AAC-lbr" : "AAC-hbr"],
      ["profile-level-id", "1"],
      ["sizelength", `${layout.sizeLengthBits}`],
      ["indexlength", `${layout.indexLengthBits}`],
      ["indexdeltalength", `${layout.indexDeltaLengthBits}`],
      ["config", audioSpecificConfig.toHex()],
    ]),
  };
}

/**
 * AAC in RTP as mpeg4-generic, modes AAC-hbr and AAC-lbr, not interleaved.
 *
 * Descriptions with fields that {@linkcode AacParameters} cannot express (other modes, constant sizes, time stamp
 * deltas, auxiliary data) are another format to it, so they pass through as unknown. RTP timestamps run at
 * `sampleRateHz`; an access unit larger than its size field allows is not sent.
 *
 * Spec: RFC 3640.
 * Deviates: a missing mode is AAC-hbr; an AU-Index that is not 0 is accepted.
 */
export const aacPayloadFormat: RtpPayloadFormat<"aac"> = {
  formatId: "rtp/mpeg4-generic",
  codec: "aac",
  unitBoundary: "marker",
  parseDescription,
  describe,
  openDepacketizer(parameters: AacParameters): RtpDepacketizer<"aac"> {
    return new AacDepacketizer(layoutOf(parameters));
  },
  openPacketizer(
    parameters: AacParameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    return new AacPacketizer(parameters, layoutOf(parameters), maxPayloadBytes);
  },
};
