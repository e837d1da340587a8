import { assert } from "#base/errors.ts";
import type { CodecName, CodecParameters } from "#codecs/codec.ts";
import type { RtpPayloadFormat } from "./payload_format.ts";
import { aacPayloadFormat } from "./payloads/aac.ts";
import { aacLatmPayloadFormat } from "./payloads/aac_latm.ts";
import { ac3PayloadFormat } from "./payloads/ac3.ts";
import { av1PayloadFormat } from "./payloads/av1.ts";
import { flacPayloadFormat } from "./payloads/flac.ts";
import { g711PayloadFormat } from "./payloads/g711.ts";
import { g722PayloadFormat } from "./payloads/g722.ts";
import { g726PayloadFormat } from "./payloads/g726.ts";
import { genericPayloadFormat } from "./payloads/generic.ts";
import { h264PayloadFormat } from "./payloads/h264.ts";
import { h265PayloadFormat } from "./payloads/h265.ts";
import { klvPayloadFormat } from "./payloads/klv.ts";
import { lpcmPayloadFormat } from "./payloads/lpcm.ts";
import { mjpegPayloadFormat } from "./payloads/mjpeg.ts";
import { mpeg12VideoPayloadFormat } from "./payloads/mpeg12_video.ts";
import { mpeg4VideoPayloadFormat } from "./payloads/mpeg4_video.ts";
import { mpegAudioPayloadFormat } from "./payloads/mpeg_audio.ts";
import { mpegTsPayloadFormat } from "./payloads/mpeg_ts.ts";
import { opusPayloadFormat } from "./payloads/opus.ts";
import { speexPayloadFormat } from "./payloads/speex.ts";
import { vorbisPayloadFormat } from "./payloads/vorbis.ts";
import { vp8PayloadFormat } from "./payloads/vp8.ts";
import { vp9PayloadFormat } from "./payloads/vp9.ts";

/**
 * A payload format whose codec is known only at run time.
 *
 * Its methods take the parameters of any codec as far as the compiler can see, but must be given those of its own
 * `codec`: {@linkcode payloadFormatFor} and {@linkcode payloadFormatById} are the ways to the right one.
 */
export type AnyRtpPayloadFormat = RtpPayloadFormat<CodecName>;

/** One format of one codec, whichever. */
type PayloadFormatOfOneCodec = {
  readonly [C in CodecName]: RtpPayloadFormat<C>;
}[CodecName];

const FORMATS: readonly PayloadFormatOfOneCodec[] = [
  h264PayloadFormat,
  h265PayloadFormat,
  av1PayloadFormat,
  vp8PayloadFormat,
  vp9PayloadFormat,
  mpeg4VideoPayloadFormat,
  mpeg12VideoPayloadFormat,
  mjpegPayloadFormat,
  aacPayloadFormat,
  aacLatmPayloadFormat,
  opusPayloadFormat,
  mpegAudioPayloadFormat,
  ac3PayloadFormat,
  flacPayloadFormat,
  vorbisPayloadFormat,
  g711PayloadFormat,
  g722PayloadFormat,
  g726PayloadFormat,
  lpcmPayloadFormat,
  speexPayloadFormat,
  klvPayloadFormat,
  mpegTsPayloadFormat,
  genericPayloadFormat,
];

/**
 * Every payload format, in the order in which a description is shown to them; generic takes what is left.
 *
 * The one place where the type of the codec is forgotten.
 */
export const PAYLOAD_FORMATS: readonly AnyRtpPayloadFormat[] =
  FORMATS as readonly AnyRtpPayloadFormat[];

const FORMATS_BY_ID: ReadonlyMap<string, AnyRtpPayloadFormat> = new Map(
  PAYLOAD_FORMATS.map((format) => [format.formatId, format]),
);

/** The format of a unit that came as packets; `formatId` is one of those in the table. */
export function payloadFormatById(formatId: string): AnyRtpPayloadFormat {
  const format = FORMATS_BY_ID.get(formatId);
  assert(format !== undefined, "the payload format is in the table");
  return format;
}

/** Answers of {@linkcode payloadFormatFor}: parameters never change, and it is asked once a unit. */
const formatsByParameters = new WeakMap<CodecParameters, AnyRtpPayloadFormat>();

/** The format that carries a codec with these parameters: each codec has one. Hot path. */
export function payloadFormatFor(
  parameters: CodecParameters,
): AnyRtpPayloadFormat {
  return formatsByParameters.get(parameters) ?? findFormat(parameters);
}

function findFormat(parameters: CodecParameters): AnyRtpPayloadFormat {
  const format = PAYLOAD_FORMATS.find((one) =>
    one.codec === parameters.codec && one.describe(parameters) !== undefined
  );
  assert(format !== undefined, "each codec has a payload format");
  formatsByParameters.set(parameters, format);
  return format;
}
