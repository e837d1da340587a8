import { readU16 } from "#base/big_endian.ts";
import { ParseError } from "#base/errors.ts";
import type { VorbisParameters } from "#codecs/codec.ts";
import {
  parseVorbisTiming,
  vorbisBlockSamples,
  type VorbisTiming,
} from "#codecs/vorbis.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayloadFormat,
  RtpUnitSummary,
} from "#formats/rtp/payload_format.ts";
import {
  AUDIO_UNIT_SUMMARY,
  channelCountOf,
  descriptionError,
  sampleRateOf,
} from "./audio.ts";
import {
  type FrameFragment,
  type FrameLayout,
  FramePacketizer,
  joinPayloads,
} from "./frames.ts";
import {
  configurationFromPacket,
  isSameVorbisConfiguration,
  MAX_VORBIS_CONFIGURATION_BYTES,
  parseVorbisConfiguration,
} from "./vorbis_headers.ts";

/** A packet joined from fragments beyond this is not read. */
const MAX_PACKET_BYTES = 65_535;
const MAX_CHANNEL_COUNT = 255;

const PAYLOAD_FORMAT = "Vorbis RTP payload";
const ENCODING_NAME = "VORBIS";

/** Ident, fragment type, data type and number of packets. Spec: RFC 5215 §2.2. */
const HEAD_BYTES = 4;
const LENGTH_BYTES = 2;
const MAX_PACKETS_PER_PAYLOAD = 15;

/** Values of F. Spec: RFC 5215 §2.2. */
const WHOLE = 0;
const FIRST_FRAGMENT = 1;
const NEXT_FRAGMENT = 2;
const LAST_FRAGMENT = 3;

/** Values of VDT. Spec: RFC 5215 §2.2. */
const RAW_PACKETS = 0;
const PACKED_CONFIGURATION = 1;

function fragmentType(payload: Uint8Array): number {
  return payload[3]! >>> 6;
}

function dataType(payload: Uint8Array): number {
  return payload[3]! >>> 4 & 0b11;
}

class VorbisDepacketizer implements RtpDepacketizer<"vorbis"> {
  #parameters: VorbisParameters;

  constructor(parameters: VorbisParameters) {
    this.#parameters = parameters;
  }

  inspect(payloads: readonly Uint8Array[]): RtpUnitSummary<"vorbis"> {
    const first = payloads[0];
    if (
      first === undefined || first.length < HEAD_BYTES ||
      dataType(first) !== PACKED_CONFIGURATION
    ) return AUDIO_UNIT_SUMMARY;
    const configuration = inBandConfiguration(payloads);
    if (
      configuration === undefined ||
      isSameVorbisConfiguration(configuration, this.#parameters.configuration)
    ) return AUDIO_UNIT_SUMMARY;
    this.#parameters = { ...this.#parameters, configuration };
    return { isRandomAccess: true, parameters: this.#parameters };
  }

  extract(payloads: readonly Uint8Array[]): Uint8Array[] {
    return takePackets(payloads);
  }
}

/**
 * The configuration that a unit holds; undefined if there is none, or a broken one.
 *
 * Its length fields are not believed: GStreamer 1.22 counts the headers alone.
 */
function inBandConfiguration(
  payloads: readonly Uint8Array[],
): Uint8Array | undefined {
  const first = payloads[0]!;
  const isWhole = payloads.length === 1
    ? fragmentType(first) === WHOLE
    : fragmentType(first) === FIRST_FRAGMENT && isWholeUnit(payloads.at(-1)!);
  if (!isWhole) return undefined;
  const pieces = payloads.map((one) => one.subarray(HEAD_BYTES + LENGTH_BYTES));
  const ident = readU16(first, 0) * 256 + first[2]!;
  try {
    const packed = joinPayloads(pieces, PAYLOAD_FORMAT, MAX_PACKET_BYTES);
    const configuration = configurationFromPacket(packed, ident);
    const { identification, setup } = parseVorbisConfiguration(configuration);
    parseVorbisTiming(identification, setup);
    return configuration;
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

/** Audio packets: views where possible; configurations and comments are passed over. */
function takePackets(payloads: readonly Uint8Array[]): Uint8Array[] {
  const packets: Uint8Array[] = [];
  let pieces: Uint8Array[] = [];
  for (const payload of payloads) {
    if (payload.length < HEAD_BYTES) {
      throw payloadError(
        "payload",
        `needs ${HEAD_BYTES} bytes, ${payload.length} left`,
        0,
      );
    }
    if (dataType(payload) !== RAW_PACKETS) continue;
    const type = fragmentType(payload);
    const isContinued = type === NEXT_FRAGMENT || type === LAST_FRAGMENT;
    if (isContinued !== (pieces.length > 0)) {
      throw payloadError("F", "must go on with the packet that was begun", 3);
    }
    if (type === WHOLE) {
      takeWholePackets(payload, packets);
    } else {
      pieces.push(takeData(payload, HEAD_BYTES));
      if (type !== LAST_FRAGMENT) continue;
      packets.push(joinPayloads(pieces, PAYLOAD_FORMAT, MAX_PACKET_BYTES));
      pieces = [];
    }
  }
  if (pieces.length === 0) return packets;
  throw payloadError("F", "must end the packet that was begun", 0);
}

function takeWholePackets(payload: Uint8Array, packets: Uint8Array[]): void {
  const count = payload[3]! & 0b1111;
  let at = HEAD_BYTES;
  for (let i = 0; i < count; i++) {
    const data = takeData(payload, at);
    packets.push(data);
    at += LENGTH_BYTES + data.length;
  }
}

function takeData(payload: Uint8Array, at: number): Uint8Array {
  const dataAt = at + LENGTH_BYTES;
  const sizeBytes = dataAt <= payload.length ? readU16(payload, at) : 0;
  if (sizeBytes === 0 || sizeBytes > payload.length - dataAt) {
    throw payloadError(
      "length",
      `must be 1 to ${
        Math.max(0, payload.length - dataAt)
      }, found ${sizeBytes}`,
      at,
    );
  }
  return payload.subarray(dataAt, dataAt + sizeBytes);
}

function payloadError(
  field: string,
  reason: string,
  offsetBytes: number,
): ParseError {
  return new ParseError(reason, { format: PAYLOAD_FORMAT, field, offsetBytes });
}

/** The marker is never set, so the fragment type tells where a unit ends. Hot path. */
function isWholeUnit(payload: Uint8Array): boolean {
  if (payload.length < HEAD_BYTES) return true;
  const type = fragmentType(payload);
  return type === WHOLE || type === LAST_FRAGMENT;
}

class VorbisLayout implements FrameLayout {
  readonly headBytes = HEAD_BYTES;
  readonly lengthBytes = LENGTH_BYTES;
  readonly maxFramesPerPacket = MAX_PACKETS_PER_PAYLOAD;
  readonly isEndMarked = false;
  #ident: number;
  #timing: VorbisTiming;
  #lastBlockSamples: number | undefined;

  constructor(ident: number, timing: VorbisTiming) {
    this.#ident = ident;
    this.#timing = timing;
  }

  frameTicks(packet: Uint8Array): number | undefined {
    if (packet.length > MAX_PACKET_BYTES) return undefined;
    const samples = vorbisBlockSamples(packet, this.#timing);
    if (samples === undefined) return undefined;
    const lastSamples = this.#lastBlockSamples ?? samples;
    this.#lastBlockSamples = samples;
    return (lastSamples + samples) / 4;
  }

  writeHead(bytes: Uint8Array, packetCount: number): void {
    this.#writeIdent(bytes);
    bytes[3] = packetCount;
  }

  writeFragmentHead(bytes: Uint8Array, fragment: FrameFragment): void {
    this.#writeIdent(bytes);
    const { index, count } = fragment;
    const type = index === 0
      ? FIRST_FRAGMENT
      : index < count - 1
      ? NEXT_FRAGMENT
      : LAST_FRAGMENT;
    bytes[3] = type << 6;
  }

  #writeIdent(bytes: Uint8Array): void {
    bytes[0] = this.#ident >>> 16;
    bytes[1] = this.#ident >>> 8;
    bytes[2] = this.#ident;
  }
}

function parseDescription(
  description: RtpFormatDescription,
): VorbisParameters | undefined {
  if (description.encodingName.toUpperCase() !== ENCODING_NAME) {
    return undefined;
  }
  const text = description.fmtp.get("configuration");
  if (!text) throw descriptionError(description, "configuration", "is missing");
  const configuration = decodeConfiguration(text);
  if (configuration === undefined) {
    throw descriptionError(
      description,
      "configuration",
      `must be Base64 of at most ${MAX_VORBIS_CONFIGURATION_BYTES} bytes, found ${text.length} characters`,
    );
  }
  return {
    codec: "vorbis",
    sampleRateHz: sampleRateOf(description),
    channelCount: channelCountOf(description, MAX_CHANNEL_COUNT),
    configuration,
  };
}

function decodeConfiguration(text: string): Uint8Array | undefined {
  if (text.length > MAX_VORBIS_CONFIGURATION_BYTES / 3 * 4) return undefined;
  try {
    return Uint8Array.fromBase64(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function describe(parameters: VorbisParameters): RtpFormatDescription {
  return {
    mediaType: "audio",
    payloadType: undefined,
    encodingName: ENCODING_NAME,
    clockRateHz: parameters.sampleRateHz,
    channelCount: parameters.channelCount,
    fmtp: new Map([["configuration", parameters.configuration.toBase64()]]),
  };
}

/**
 * Vorbis in RTP.
 *
 * A configuration in band becomes the track's; a packet that is none of this stream is not sent.
 *
 * Spec: RFC 5215.
 * Deviates: the configuration is first read when packets are made anew, so that any passes through.
 */
export const vorbisPayloadFormat: RtpPayloadFormat<"vorbis"> = {
  formatId: "rtp/vorbis",
  codec: "vorbis",
  unitBoundary: isWholeUnit,
  parseDescription,
  describe,
  openDepacketizer(parameters: VorbisParameters): RtpDepacketizer<"vorbis"> {
    return new VorbisDepacketizer(parameters);
  },
  openPacketizer(
    parameters: VorbisParameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    const { ident, identification, setup } = parseVorbisConfiguration(
      parameters.configuration,
    );
    const timing = parseVorbisTiming(identification, setup);
    return new FramePacketizer(
      new VorbisLayout(ident, timing),
      maxPayloadBytes,
    );
  },
};
