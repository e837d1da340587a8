import { BitReader } from "#base/bit_reader.ts";
import { ParseError } from "#base/errors.ts";
import { parseAdtsHeader } from "#codecs/aac/adts.ts";
import {
  parseAudioSpecificConfig,
  readAudioSpecificConfig,
} from "#codecs/aac/audio_specific_config.ts";
import {
  parseAnnouncedStreamMuxConfig,
  parseAudioMuxElement,
  parseInBandStreamMuxConfig,
  parseStreamMuxConfig,
  streamMuxConfigOf,
} from "#codecs/aac/latm.ts";
import { parseAc3Header } from "#codecs/ac3.ts";
import { parseAv1CodecConfigurationRecord } from "#codecs/av1/av1c.ts";
import { isAv1KeyFrame, joinObus, splitObus } from "#codecs/av1/obu.ts";
import { parseAv1SequenceHeader } from "#codecs/av1/sequence_header.ts";
import {
  isWholeFlacFrame,
  parseFlacFrameHeader,
  parseFlacStreamInfo,
  serializeFlacStreamInfo,
} from "#codecs/flac.ts";
import {
  parseAvcDecoderConfigurationRecord,
  serializeAvcDecoderConfigurationRecord,
} from "#codecs/h264/avcc.ts";
import { h264ParameterSetId } from "#codecs/h264/nal.ts";
import { parseH264Sps } from "#codecs/h264/sps.ts";
import {
  parseHevcDecoderConfigurationRecord,
  serializeHevcDecoderConfigurationRecord,
} from "#codecs/h265/hvcc.ts";
import { h265PpsId, h265VpsId } from "#codecs/h265/nal.ts";
import { h265SpsId, parseH265Sps } from "#codecs/h265/sps.ts";
import { parseJpegImage, serializeJpegImage } from "#codecs/jpeg/jpeg_image.ts";
import { isKlvUnit } from "#codecs/klv.ts";
import { Mpeg12Slices } from "#codecs/mpeg12_slices.ts";
import { mpeg12Config, parseMpeg12Sequence } from "#codecs/mpeg12_video.ts";
import {
  mpeg4Config,
  mpeg4PictureOffset,
  mpeg4ProfileLevelId,
  mpeg4VopType,
  parseMpeg4VideoObjectLayer,
} from "#codecs/mpeg4_video.ts";
import { parseMpegAudioHeader } from "#codecs/mpeg_audio.ts";
import {
  removeEmulationPrevention,
  splitLengthPrefixed,
} from "#codecs/nal_unit.ts";
import { opusPacketChannelCount, opusPacketTicks } from "#codecs/opus.ts";
import { withParameterSet } from "#codecs/parameter_sets.ts";
import { parseVorbisTiming, vorbisBlockSamples } from "#codecs/vorbis.ts";
import { parseVp9KeyFrame } from "#codecs/vp9.ts";
import { parseVpCodecConfigurationRecord } from "#codecs/vp9/vpcc.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { H264_SAMPLES } from "../../codecs/h264/samples.ts";
import { H265_SAMPLES } from "../../codecs/h265/samples.ts";
import {
  IDENTIFICATION_HEX,
  vorbisSetup,
} from "../../codecs/vorbis_samples.ts";
import { JPEG_IMAGES } from "../../codecs/jpeg/samples.ts";
import { type FuzzTarget, takes } from "../fuzz_target.ts";
import { hexSeeds } from "../literal_seeds.ts";

const VORBIS_IDENTIFICATION_BYTES = IDENTIFICATION_HEX.length / 2;

const FLAC_STREAM_INFO = serializeFlacStreamInfo({
  sampleRateHz: 48_000,
  channelCount: 2,
  bitDepth: 16,
  minBlockSamples: 4_608,
  maxBlockSamples: 4_608,
});

const LATM_TESTS = ["codecs/aac/latm_test.ts"];

/** Parsers of elementary streams and of what decoders are configured with. */
export const CODEC_TARGETS: readonly FuzzTarget[] = [
  bytesTarget("h264_sps", ["codecs/h264/samples.ts"], (bytes) => {
    withParameterSet([], bytes, h264ParameterSetId);
    return parseH264Sps(bytes);
  }),
  bytesTarget(
    "avcc",
    ["codecs/h264/avcc_test.ts", "codecs/h264/samples.ts"],
    parseAvcDecoderConfigurationRecord,
    H264_SAMPLES.map(({ sps, pps }) =>
      serializeAvcDecoderConfigurationRecord([sps], [pps])
    ),
  ),
  bytesTarget("h265_sps", ["codecs/h265/samples.ts"], (bytes) => {
    for (const idOf of [h265VpsId, h265SpsId, h265PpsId]) {
      withParameterSet([], bytes, idOf);
    }
    return parseH265Sps(bytes);
  }),
  bytesTarget(
    "hvcc",
    ["codecs/h265/hvcc_test.ts", "codecs/h265/samples.ts"],
    parseHevcDecoderConfigurationRecord,
    H265_SAMPLES.map(({ vps, sps, pps }) =>
      serializeHevcDecoderConfigurationRecord([vps], [sps], [pps])
    ),
  ),
  bytesTarget("nal_unit", ["codecs/nal_unit_test.ts"], (bytes) => {
    assert(removeEmulationPrevention(bytes, 100).length <= 100);
    for (const sizeBytes of [1, 2]) {
      try {
        splitLengthPrefixed(bytes, sizeBytes);
      } catch (error) {
        if (!(error instanceof ParseError)) throw error;
      }
    }
    return splitLengthPrefixed(bytes, 4);
  }),
  bytesTarget(
    "av1c",
    ["codecs/av1/samples.ts", "codecs/av1/av1c_test.ts"],
    parseAv1CodecConfigurationRecord,
  ),
  bytesTarget(
    "av1_sequence_header",
    ["codecs/av1/samples.ts", "codecs/av1/sequence_header_test.ts"],
    parseAv1SequenceHeader,
  ),
  bytesTarget("av1_obu", ["codecs/av1/obu_test.ts"], (bytes) => {
    isAv1KeyFrame(bytes, 0, bytes.length);
    const obus = splitObus(bytes);
    const again = splitObus(joinObus(obus));
    assertEquals(again.length, obus.length, "OBUs are lost");
    return obus;
  }),
  bytesTarget("vp9", ["codecs/vp9/samples.ts"], parseVp9KeyFrame),
  bytesTarget(
    "vpcc",
    ["codecs/vp9/samples.ts", "codecs/vp9/vpcc_test.ts"],
    parseVpCodecConfigurationRecord,
  ),
  bytesTarget(
    "jpeg",
    ["codecs/jpeg/samples.ts", "codecs/jpeg/jpeg_image_test.ts"],
    (bytes) => {
      const image = parseJpegImage(bytes);
      parseJpegImage(serializeJpegImage(image));
      return image;
    },
    JPEG_IMAGES.map((image) => image.bytes),
  ),
  bytesTarget(
    "mpeg4_video",
    ["codecs/mpeg4_video_samples.ts", "codecs/mpeg4_video_test.ts"],
    (bytes) => {
      mpeg4VopType(bytes, Math.max(0, mpeg4PictureOffset(bytes)));
      const config = mpeg4Config(bytes);
      if (config !== undefined) mpeg4ProfileLevelId(config);
      return parseMpeg4VideoObjectLayer(bytes);
    },
  ),
  bytesTarget(
    "mpeg12_video",
    ["codecs/mpeg12_video_test.ts"],
    (bytes) => {
      mpeg12Config(bytes, 0);
      return parseMpeg12Sequence(bytes);
    },
  ),
  bytesTarget("mpeg12_slices", ["codecs/mpeg12_slices_test.ts"], (bytes) => {
    const slices = new Mpeg12Slices();
    slices.start(bytes);
    let count = 0;
    while (slices.next()) {
      assert(++count <= bytes.length, "the walk does not end");
    }
    return count > 0 ? slices : undefined;
  }),
  bytesTarget(
    "audio_specific_config",
    ["codecs/aac/audio_specific_config_test.ts"],
    (bytes) => {
      const reader = new BitReader(bytes, "AudioSpecificConfig");
      readAudioSpecificConfig(reader, { isLengthKnown: false });
      return parseAudioSpecificConfig(bytes);
    },
  ),
  bytesTarget("adts_header", ["codecs/aac/adts_test.ts"], parseAdtsHeader),
  bytesTarget("latm_config", LATM_TESTS, (bytes) => {
    tryEach(
      () => parseAnnouncedStreamMuxConfig(bytes),
      () => parseInBandStreamMuxConfig(bytes),
      () => streamMuxConfigOf(bytes),
    );
    return parseStreamMuxConfig(bytes);
  }),
  bytesTarget("latm_element", LATM_TESTS, (bytes) => {
    const known = streamMuxConfigOf(Uint8Array.of(0x11, 0x90));
    tryEach(() => parseAudioMuxElement(bytes, { isConfigInBand: true, known }));
    return parseAudioMuxElement(bytes, { isConfigInBand: false, known });
  }),
  bytesTarget("opus_packet", ["codecs/opus_test.ts"], (bytes) => {
    opusPacketChannelCount(bytes);
    return opusPacketTicks(bytes);
  }),
  bytesTarget(
    "mpeg_audio",
    ["codecs/mpeg_audio_test.ts"],
    (bytes) => parseMpegAudioHeader(bytes),
  ),
  bytesTarget("ac3", ["codecs/ac3_test.ts"], (bytes) => parseAc3Header(bytes)),
  bytesTarget("flac_frame", ["codecs/flac_test.ts"], (bytes) => {
    isWholeFlacFrame(bytes);
    return parseFlacFrameHeader(bytes);
  }),
  bytesTarget(
    "flac_stream_info",
    ["codecs/flac_test.ts"],
    parseFlacStreamInfo,
    [FLAC_STREAM_INFO],
  ),
  bytesTarget(
    "vorbis",
    ["codecs/vorbis_samples.ts", "codecs/vorbis_test.ts"],
    (bytes) => {
      const identification = bytes.subarray(0, VORBIS_IDENTIFICATION_BYTES);
      const setup = bytes.subarray(VORBIS_IDENTIFICATION_BYTES);
      const timing = parseVorbisTiming(identification, setup);
      vorbisBlockSamples(bytes, timing);
      return timing;
    },
    [
      Uint8Array.of(
        ...Uint8Array.fromHex(IDENTIFICATION_HEX),
        ...vorbisSetup([false, true, true]),
      ),
    ],
  ),
  bytesTarget(
    "klv",
    ["codecs/klv_test.ts"],
    (bytes) => isKlvUnit(bytes) || undefined,
  ),
];

/** A target whose seeds are the bytes in these test files. */
export function bytesTarget<T>(
  name: string,
  files: readonly string[],
  parse: (bytes: Uint8Array<ArrayBuffer>) => T,
  more: readonly Uint8Array[] = [],
): FuzzTarget {
  return {
    name,
    seeds: () => [...hexSeeds(...files), ...more],
    rejects: [ParseError],
    run: takes(parse),
  };
}

/** Runs each; only a `ParseError` is no fault. */
export function tryEach(...runs: readonly (() => unknown)[]): void {
  for (const run of runs) {
    try {
      run();
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
}
