import { VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";
import type { MpegAudioParameters } from "#codecs/codec.ts";
import {
  MPEG_AUDIO_HEADER_BYTES,
  parseMpegAudioHeader,
} from "#codecs/mpeg_audio.ts";
import { type AudioFrame, AudioReader } from "#formats/mpegts/audio_reader.ts";
import type { TsCodec } from "#formats/mpegts/ts_codec.ts";
import {
  NO_DESCRIPTORS,
  STREAM_ID,
  type TsPayloadWriter,
  wholeParts,
} from "#formats/mpegts/ts_payload.ts";

const STREAM_TYPE_MPEG1 = 0x03;
const STREAM_TYPE_MPEG2 = 0x04;

const PARAMETERS: MpegAudioParameters = { codec: "mpegAudio" };

class MpegAudioReader extends AudioReader {
  protected override readonly headerBytes = MPEG_AUDIO_HEADER_BYTES;

  protected override frameSizeBytes(bytes: Uint8Array, at: number): number {
    return parseMpegAudioHeader(bytes, at)?.frameSizeBytes ?? 0;
  }

  protected override readFrame(frame: Uint8Array): AudioFrame | undefined {
    const header = parseMpegAudioHeader(frame);
    return header && {
      parts: [frame],
      durationTicks: header.sampleCount * VIDEO_CLOCK_RATE_HZ /
        header.sampleRateHz,
      codec: PARAMETERS,
    };
  }
}

/** MPEG-1 and MPEG-2 audio in MPEG-TS, layers I to III. Spec: ISO/IEC 13818-1 table 2-34. */
export const mpegAudioTs: TsCodec<"mpegAudio"> = {
  codec: "mpegAudio",
  isCodecOf: ({ streamType }) =>
    streamType === STREAM_TYPE_MPEG1 || streamType === STREAM_TYPE_MPEG2,
  openReader: (_, onError) => new MpegAudioReader(onError),
};

/** MPEG-1 and MPEG-2 audio that is written; frames tell which of the two. */
export const mpegAudioTsPayload: TsPayloadWriter<"mpegAudio"> = {
  codec: "mpegAudio",
  form: () => ({
    streamType: STREAM_TYPE_MPEG1,
    streamId: STREAM_ID.audio,
    descriptors: NO_DESCRIPTORS,
  }),
  pieces: wholeParts,
};
