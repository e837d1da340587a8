import type { CodecName, CodecParameters } from "#codecs/codec.ts";
import { aacTsPayload } from "./codecs/aac.ts";
import { aacLatmTsPayload } from "./codecs/aac_latm.ts";
import { ac3TsPayload } from "./codecs/ac3.ts";
import { h264TsPayload } from "./codecs/h264.ts";
import { h265TsPayload } from "./codecs/h265.ts";
import { klvTsPayload } from "./codecs/klv.ts";
import { mpeg12VideoTsPayload } from "./codecs/mpeg12_video.ts";
import { mpeg4VideoTsPayload } from "./codecs/mpeg4_video.ts";
import { mpegAudioTsPayload } from "./codecs/mpeg_audio.ts";
import { opusTsPayload } from "./codecs/opus.ts";
import type { TsPayloadWriter, TsStreamForm } from "./ts_payload.ts";

/** What readers want of AAC that came as LATM: `"keep"` writes it as LATM again, `"adts"` does not. */
export type LatmChoice = "keep" | "adts";

/** Every codec that is written to MPEG-TS; a new one is one line. AAC is as LATM where ADTS cannot express it. */
const PAYLOADS: { readonly [C in CodecName]?: TsPayloadWriter<C> } = {
  h264: h264TsPayload,
  h265: h265TsPayload,
  mpeg4Video: mpeg4VideoTsPayload,
  mpeg12Video: mpeg12VideoTsPayload,
  aac: aacTsPayload,
  mpegAudio: mpegAudioTsPayload,
  ac3: ac3TsPayload,
  opus: opusTsPayload,
  klv: klvTsPayload,
};

/** How a track is written. */
export interface TsOutput {
  readonly payload: TsPayloadWriter<CodecName>;
  readonly form: TsStreamForm;
}

/**
 * How MPEG-TS carries a track with these parameters; undefined if it does not, or not yet.
 *
 * @throws {ParseError} if the parameters hold nonsense from a peer.
 */
export function tsOutputOf(
  parameters: CodecParameters,
  latm: LatmChoice,
): TsOutput | undefined {
  const usual = PAYLOADS[parameters.codec] as
    | TsPayloadWriter<CodecName>
    | undefined;
  const isLatm = parameters.codec === "aac" && parameters.latm !== undefined;
  if (!isLatm || latm === "adts") {
    const form = usual?.form(parameters);
    if (usual && form) return { payload: usual, form };
  }
  if (parameters.codec !== "aac") return undefined;
  const payload = aacLatmTsPayload as TsPayloadWriter<CodecName>;
  const form = payload.form(parameters);
  return form && { payload, form };
}
