import { VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";

const OPUS_CLOCK_RATE_HZ = 48_000;

/** What a decoder must know of a track before its first unit; one member of {@linkcode CodecParameters} a codec. */
export interface H264Parameters {
  readonly codec: "h264";
  /** Sequence parameter sets, NAL header included, no start code; empty until known. */
  readonly sps: readonly Uint8Array[];
  /** Picture parameter sets, NAL header included, no start code; empty until known. */
  readonly pps: readonly Uint8Array[];
}

/** Parameters of an H.265 track. */
export interface H265Parameters {
  readonly codec: "h265";
  /** Video parameter sets, NAL header included, no start code; empty until known. */
  readonly vps: readonly Uint8Array[];
  /** Sequence parameter sets, NAL header included, no start code; empty until known. */
  readonly sps: readonly Uint8Array[];
  /** Picture parameter sets, NAL header included, no start code; empty until known. */
  readonly pps: readonly Uint8Array[];
  /** Set when the publisher's RTP packets carry decoding order numbers: `sprop-max-don-diff` (RFC 7798 §7.1), over 0. */
  readonly rtpLayout?: { readonly maxDonDiff: number };
}

/** Parameters of an MPEG-4 Audio track; its parts are raw access units. */
export interface AacParameters {
  readonly codec: "aac";
  /** AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1); undefined while LATM carries it in band and none was seen. */
  readonly audioSpecificConfig: Uint8Array | undefined;
  /** Sampling frequency of the core codec; also the track's clock rate. */
  readonly sampleRateHz: number;
  /** Channels, 1 to 8. */
  readonly channelCount: number;
  /** Set when the publisher carries it as LATM over RTP (RFC 6416); readers over RTP get the same. */
  readonly latm?: {
    /** StreamMuxConfig from the fmtp line, if it is out of band. */
    readonly streamMuxConfig: Uint8Array | undefined;
    /** StreamMuxConfig stands in each AudioMuxElement. */
    readonly isConfigInBand: boolean;
  };
  /** Widths of the AU header fields (RFC 3640 §3.2.1), when the publisher's are other than 13, 3 and 3 bits. */
  readonly rtpLayout?: {
    readonly sizeLengthBits: number;
    readonly indexLengthBits: number;
    readonly indexDeltaLengthBits: number;
  };
}

/** Parameters of an Opus track (RFC 7587); its clock rate is 48,000 Hz. */
export interface OpusParameters {
  readonly codec: "opus";
  /** Channels, 1 to 8. */
  readonly channelCount: number;
  /** Multistream layout for over two channels (`multiopus`). */
  readonly multistream?: {
    readonly streamCount: number;
    readonly coupledStreamCount: number;
    readonly channelMapping: readonly number[];
  };
}

/** Parameters of a G.711 track; its parts are samples, one byte each. */
export interface G711Parameters {
  readonly codec: "g711";
  /** µ-law or A-law. */
  readonly law: "mu" | "a";
  readonly sampleRateHz: number;
  readonly channelCount: number;
}

/** A codec that nobody here knows: it passes from RTP to RTP as it is. */
export interface GenericParameters {
  readonly codec: "generic";
  /** SDP media type. */
  readonly mediaType: "video" | "audio" | "application";
  /** Payload type that the publisher announced. */
  readonly payloadType: number;
  /** Text of `a=rtpmap` behind the payload type, e.g. `"X-CODEC/90000"`; empty if there was none. */
  readonly rtpMap: string;
  /** Text of `a=fmtp` behind the payload type; empty if there was none. */
  readonly fmtp: string;
  readonly clockRateHz: number;
}

/** Parameters of a track, told apart by `codec`. */
export type CodecParameters =
  | H264Parameters
  | H265Parameters
  | AacParameters
  | OpusParameters
  | G711Parameters
  | GenericParameters;

/** Name of a codec as a key of tables. */
export type CodecName = CodecParameters["codec"];

/** Parameters of one codec. */
export type ParametersOf<C extends CodecName> = Extract<
  CodecParameters,
  { codec: C }
>;

/** What a track is for. */
export type TrackKind = "video" | "audio" | "data";

/** Facts about each codec that do not depend on a protocol. */
interface CodecFacts {
  /** Name in logs and in the API, as operators know it. */
  readonly label: string;
  readonly kind: TrackKind;
}

const CODECS: { readonly [C in CodecName]: CodecFacts } = {
  h264: { label: "H264", kind: "video" },
  h265: { label: "H265", kind: "video" },
  aac: { label: "MPEG-4 Audio", kind: "audio" },
  opus: { label: "Opus", kind: "audio" },
  g711: { label: "G711", kind: "audio" },
  generic: { label: "Generic", kind: "data" },
};

/** Name of any track of a codec in logs. */
export function codecNameLabel(codec: CodecName): string {
  return CODECS[codec].label;
}

/** Name of the codec in logs and in the API. */
export function codecLabel(parameters: CodecParameters): string {
  if (parameters.codec === "aac" && parameters.latm) {
    return "MPEG-4 Audio LATM";
  }
  return CODECS[parameters.codec].label;
}

/** What a track of this codec is for. */
export function codecKind(parameters: CodecParameters): TrackKind {
  if (parameters.codec !== "generic") return CODECS[parameters.codec].kind;
  return parameters.mediaType === "application" ? "data" : parameters.mediaType;
}

/** Ticks a second of a track of this codec, where the codec decides it. */
export function clockRateOf(parameters: CodecParameters): number {
  switch (parameters.codec) {
    case "h264":
    case "h265":
      return VIDEO_CLOCK_RATE_HZ;
    case "opus":
      return OPUS_CLOCK_RATE_HZ;
    case "aac":
    case "g711":
      return parameters.sampleRateHz;
    case "generic":
      return parameters.clockRateHz;
  }
}

/** Whether two descriptions of a track say the same. */
export function isSameCodec(a: CodecParameters, b: CodecParameters): boolean {
  return isSameValue(a, b);
}

function isSameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (
    typeof a !== "object" || typeof b !== "object" || a === null || b === null
  ) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length &&
    keys.every((key) => isSameValue(Reflect.get(a, key), Reflect.get(b, key)));
}
