import { VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";

const OPUS_CLOCK_RATE_HZ = 48_000;
const MPEG_AUDIO_CLOCK_RATE_HZ = 90_000;
const G72X_CLOCK_RATE_HZ = 8_000;

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

/** Parameters of an AV1 track; its parts are OBUs without size field, temporal delimiters left out. */
export interface Av1Parameters {
  readonly codec: "av1";
  /** Sequence header OBU, without size field; undefined until known. */
  readonly sequenceHeader: Uint8Array | undefined;
  /** `profile`, `level-idx` and `tier` as the publisher's SDP had them. */
  readonly announced?: {
    readonly profile?: number;
    readonly levelIdx?: number;
    readonly tier?: number;
  };
}

/** Limits of a decoder that a publisher's SDP named. Spec: RFC 7741 §6.1, RFC 9628 §7.1. */
export interface VpxLimits {
  /** `max-fr`: frames a second. */
  readonly maxFrameRate?: number;
  /** `max-fs`: macroblocks a frame. */
  readonly maxFrameSize?: number;
}

/** Parameters of a VP8 track; its parts are frames, one a unit. */
export interface Vp8Parameters extends VpxLimits {
  readonly codec: "vp8";
}

/** Parameters of a VP9 track; its parts are frames or superframes, one a unit. */
export interface Vp9Parameters extends VpxLimits {
  readonly codec: "vp9";
  /** 0 to 3; undefined until announced or read from a key frame. */
  readonly profileId: number | undefined;
  /** Bits a sample: 8, 10 or 12; undefined until read from a key frame. */
  readonly bitDepth: number | undefined;
}

/** Parameters of an MPEG-4 Visual track; its parts are frames, one a unit. */
export interface Mpeg4VideoParameters {
  readonly codec: "mpeg4Video";
  /** Visual object sequence to video object layer headers, start codes included; undefined until known. */
  readonly config: Uint8Array | undefined;
  /** `profile_and_level_indication`; undefined until known. */
  readonly profileLevelId: number | undefined;
}

/** Parameters of an MPEG-1 or MPEG-2 video track; its parts are pictures with the headers before them. */
export interface Mpeg12VideoParameters {
  readonly codec: "mpeg12Video";
  /** Sequence header and its extensions, start codes included; undefined until known. */
  readonly config: Uint8Array | undefined;
}

/** Parameters of a Motion JPEG track; its parts are whole JPEG images, one a unit. */
export interface MjpegParameters {
  readonly codec: "mjpeg";
}

/** Parameters of an MPEG-1 or MPEG-2 audio track, layers I to III; its parts are frames, which tell the rest. */
export interface MpegAudioParameters {
  readonly codec: "mpegAudio";
}

/** Parameters of an AC-3 track; its parts are syncframes. */
export interface Ac3Parameters {
  readonly codec: "ac3";
  readonly sampleRateHz: number;
  readonly channelCount: number;
}

/** Parameters of a FLAC track; its parts are frames. */
export interface FlacParameters {
  readonly codec: "flac";
  /** STREAMINFO metadata block without its header, 34 bytes (RFC 9639 §8.2); undefined until known. */
  readonly streamInfo: Uint8Array | undefined;
  readonly sampleRateHz: number;
  readonly channelCount: number;
}

/** Parameters of a Vorbis track; its parts are packets. */
export interface VorbisParameters {
  readonly codec: "vorbis";
  readonly sampleRateHz: number;
  readonly channelCount: number;
  /** Packed headers, as in the `configuration` parameter (RFC 5215 §3.2.1). */
  readonly configuration: Uint8Array;
}

/** Parameters of a Speex track; its parts are packets. */
export interface SpeexParameters {
  readonly codec: "speex";
  readonly sampleRateHz: number;
  /** `vbr` as the publisher's SDP had it (RFC 5574 §4.1). */
  readonly vbr: "on" | "off" | "vad" | undefined;
}

/** Parameters of a G.722 track; its clock rate is 8,000 Hz though it samples at 16,000 Hz. */
export interface G722Parameters {
  readonly codec: "g722";
  readonly channelCount: number;
}

/** Parameters of a G.726 track; its parts are packed samples. */
export interface G726Parameters {
  readonly codec: "g726";
  readonly bitRateKbps: 16 | 24 | 32 | 40;
  /** Samples are packed from the most significant bit: `AAL2-G726-*` (RFC 3551 §4.5.4). */
  readonly isBigEndian: boolean;
}

/** Parameters of linear PCM; its parts are interleaved samples, big endian; 8 bits are unsigned. */
export interface LpcmParameters {
  readonly codec: "lpcm";
  readonly bitDepth: 8 | 16 | 24;
  readonly sampleRateHz: number;
  readonly channelCount: number;
}

/** Parameters of a KLV metadata track (SMPTE 336M); its parts are KLV units. */
export interface KlvParameters {
  readonly codec: "klv";
}

/** Parameters of a whole MPEG transport stream inside RTP; its parts are runs of 188-byte packets. */
export interface MpegTsParameters {
  readonly codec: "mpegTs";
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
  | Av1Parameters
  | Vp8Parameters
  | Vp9Parameters
  | Mpeg4VideoParameters
  | Mpeg12VideoParameters
  | MjpegParameters
  | AacParameters
  | OpusParameters
  | MpegAudioParameters
  | Ac3Parameters
  | FlacParameters
  | VorbisParameters
  | SpeexParameters
  | G711Parameters
  | G722Parameters
  | G726Parameters
  | LpcmParameters
  | KlvParameters
  | MpegTsParameters
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
  /** Ticks a second of its tracks, or the parameter that says so. */
  readonly clockRateHz: number | "sampleRateHz" | "clockRateHz";
}

const CODECS: { readonly [C in CodecName]: CodecFacts } = {
  h264: { label: "H264", kind: "video", clockRateHz: VIDEO_CLOCK_RATE_HZ },
  h265: { label: "H265", kind: "video", clockRateHz: VIDEO_CLOCK_RATE_HZ },
  av1: { label: "AV1", kind: "video", clockRateHz: VIDEO_CLOCK_RATE_HZ },
  vp8: { label: "VP8", kind: "video", clockRateHz: VIDEO_CLOCK_RATE_HZ },
  vp9: { label: "VP9", kind: "video", clockRateHz: VIDEO_CLOCK_RATE_HZ },
  mpeg4Video: {
    label: "MPEG-4 Video",
    kind: "video",
    clockRateHz: VIDEO_CLOCK_RATE_HZ,
  },
  mpeg12Video: {
    label: "MPEG-1/2 Video",
    kind: "video",
    clockRateHz: VIDEO_CLOCK_RATE_HZ,
  },
  mjpeg: { label: "M-JPEG", kind: "video", clockRateHz: VIDEO_CLOCK_RATE_HZ },
  aac: { label: "MPEG-4 Audio", kind: "audio", clockRateHz: "sampleRateHz" },
  opus: { label: "Opus", kind: "audio", clockRateHz: OPUS_CLOCK_RATE_HZ },
  mpegAudio: {
    label: "MPEG-1/2 Audio",
    kind: "audio",
    clockRateHz: MPEG_AUDIO_CLOCK_RATE_HZ,
  },
  ac3: { label: "AC3", kind: "audio", clockRateHz: "sampleRateHz" },
  flac: { label: "FLAC", kind: "audio", clockRateHz: "sampleRateHz" },
  vorbis: { label: "Vorbis", kind: "audio", clockRateHz: "sampleRateHz" },
  speex: { label: "Speex", kind: "audio", clockRateHz: "sampleRateHz" },
  g711: { label: "G711", kind: "audio", clockRateHz: "sampleRateHz" },
  g722: { label: "G722", kind: "audio", clockRateHz: G72X_CLOCK_RATE_HZ },
  g726: { label: "G726", kind: "audio", clockRateHz: G72X_CLOCK_RATE_HZ },
  lpcm: { label: "LPCM", kind: "audio", clockRateHz: "sampleRateHz" },
  klv: { label: "KLV", kind: "data", clockRateHz: VIDEO_CLOCK_RATE_HZ },
  mpegTs: { label: "MPEG-TS", kind: "data", clockRateHz: VIDEO_CLOCK_RATE_HZ },
  generic: { label: "Generic", kind: "data", clockRateHz: "clockRateHz" },
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

/** Ticks a second of a track of this codec. */
export function clockRateOf(parameters: CodecParameters): number {
  const { clockRateHz } = CODECS[parameters.codec];
  return typeof clockRateHz === "number"
    ? clockRateHz
    : Reflect.get(parameters, clockRateHz);
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
