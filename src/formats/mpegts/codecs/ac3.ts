import { VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";
import {
  AC3_FRAME_SAMPLES,
  AC3_HEADER_BYTES,
  parseAc3Header,
} from "#codecs/ac3.ts";
import type { Ac3Parameters } from "#codecs/codec.ts";
import { type AudioFrame, AudioReader } from "#formats/mpegts/audio_reader.ts";
import type { TsCodec } from "#formats/mpegts/ts_codec.ts";
import { formatDescriptor } from "#formats/mpegts/descriptors.ts";
import {
  STREAM_ID,
  type TsPayloadWriter,
  wholeParts,
} from "#formats/mpegts/ts_payload.ts";

/** Spec: ATSC A/53 part 3 §6.7. */
const STREAM_TYPE = 0x81;

class Ac3Reader extends AudioReader {
  protected override readonly headerBytes = AC3_HEADER_BYTES;
  #codec: Ac3Parameters | undefined;

  protected override frameSizeBytes(bytes: Uint8Array, at: number): number {
    return parseAc3Header(bytes, at)?.frameSizeBytes ?? 0;
  }

  protected override readFrame(frame: Uint8Array): AudioFrame | undefined {
    const header = parseAc3Header(frame);
    if (header === undefined) return undefined;
    const { sampleRateHz, channelCount } = header;
    let codec = this.#codec;
    if (
      codec?.sampleRateHz !== sampleRateHz ||
      codec.channelCount !== channelCount
    ) codec = { codec: "ac3", sampleRateHz, channelCount };
    this.#codec = codec;
    const durationTicks = AC3_FRAME_SAMPLES * VIDEO_CLOCK_RATE_HZ /
      sampleRateHz;
    return { parts: [frame], durationTicks, codec };
  }
}

/** AC-3 in MPEG-TS as ATSC has it. Spec: ATSC A/52 annex A §3. */
export const ac3Ts: TsCodec<"ac3"> = {
  codec: "ac3",
  isCodecOf: ({ streamType }) => streamType === STREAM_TYPE,
  openReader: (_, onError) => new Ac3Reader(onError),
};

/** AC-3 that is written, as ATSC has it. */
export const ac3TsPayload: TsPayloadWriter<"ac3"> = {
  codec: "ac3",
  form: () => ({
    streamType: STREAM_TYPE,
    streamId: STREAM_ID.private1,
    descriptors: formatDescriptor("AC-3"),
  }),
  pieces: wholeParts,
};
