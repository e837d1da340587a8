import { ByteReader } from "#base/byte_reader.ts";
import type { LpcmParameters } from "#codecs/codec.ts";
import { findBox, readFullBoxHead } from "#formats/fmp4/box_reader.ts";
import {
  frameRun,
  type Mp4Codec,
  type Mp4Payload,
  type Mp4SampleReader,
} from "#formats/fmp4/mp4_codec.ts";
import { audioEntry, type SampleEntry } from "#formats/fmp4/sample_entry.ts";

/** Integers, signed; a box of its own tells order and size. Spec: ISO/IEC 23003-5 §5. */
const FORMAT = "ipcm";
const LITTLE_ENDIAN_FLAG = 1;
/** Signed integers of QuickTime: big endian, little endian, and of 24 bits with a box that tells. */
const QUICKTIME_BIG_ENDIAN = "twos";
const QUICKTIME_LITTLE_ENDIAN = "sowt";
const QUICKTIME_24_BITS = "in24";
/** Unsigned bytes of QuickTime. */
const QUICKTIME_UNSIGNED = "raw ";

/** What is written for samples of one byte: players know none of those. */
const WIDENED_BITS = 16;
const UNSIGNED_CENTRE = 0x80;

const BIT_DEPTHS: readonly number[] = [8, 16, 24];
const MAX_CHANNEL_COUNT = 255;

/** How the samples of a file are to be turned into those of a track. */
interface SampleForm {
  readonly bitDepth: 8 | 16 | 24;
  readonly isLittleEndian: boolean;
  /** Of one byte: signed ones. */
  readonly isSigned: boolean;
}

/** The entry of big endian samples. */
export function pcmEntry(
  sound: { readonly channelCount: number; readonly sampleRateHz: number },
  sampleBits: number,
): SampleEntry {
  const body = Uint8Array.of(0, 0, 0, 0, 0, sampleBits);
  const { channelCount, sampleRateHz } = sound;
  return audioEntry(FORMAT, { channelCount, sampleRateHz, sampleBits }, [{
    type: "pcmC",
    body,
  }]);
}

/** Unsigned bytes as signed samples of 16 bits. Hot path. */
function widened(part: Uint8Array): Uint8Array {
  const samples = new Uint8Array(2 * part.length);
  for (let i = 0; i < part.length; i++) {
    samples[2 * i] = part[i]! - UNSIGNED_CENTRE;
  }
  return samples;
}

function formOf(
  { format, boxes, sampleBits }: SampleEntry,
): SampleForm | undefined {
  let bits = sampleBits;
  let isLittleEndian = format === QUICKTIME_LITTLE_ENDIAN;
  switch (format) {
    case FORMAT: {
      const config = findBox(boxes, "pcmC");
      if (config === undefined) return undefined;
      const reader = new ByteReader(config, "MP4 box pcmC");
      readFullBoxHead(reader);
      isLittleEndian = (reader.u8("format_flags") & LITTLE_ENDIAN_FLAG) !== 0;
      bits = reader.u8("PCM_sample_size");
      break;
    }
    case QUICKTIME_24_BITS:
      bits = 24;
      isLittleEndian = findBox(boxes, "enda")?.[1] === 1;
      break;
    case QUICKTIME_UNSIGNED:
    case QUICKTIME_BIG_ENDIAN:
    case QUICKTIME_LITTLE_ENDIAN:
      break;
    default:
      return undefined;
  }
  if (!BIT_DEPTHS.includes(bits)) return undefined;
  const isSigned = format !== QUICKTIME_UNSIGNED;
  return { bitDepth: bits as 8 | 16 | 24, isLittleEndian, isSigned };
}

class PcmSampleReader implements Mp4SampleReader {
  readonly codec: LpcmParameters;
  #form: SampleForm;

  constructor(codec: LpcmParameters, form: SampleForm) {
    this.codec = codec;
    this.#form = form;
  }

  read(sample: Uint8Array): Mp4Payload | undefined {
    const { bitDepth, channelCount } = this.codec;
    const frameBytes = bitDepth / 8 * channelCount;
    const wholeBytes = sample.length - sample.length % frameBytes;
    if (wholeBytes === 0) return undefined;
    const samples = sample.subarray(0, wholeBytes);
    return { parts: [this.#turned(samples)], isRandomAccess: true };
  }

  #turned(samples: Uint8Array): Uint8Array {
    const { bitDepth, isLittleEndian, isSigned } = this.#form;
    if (bitDepth === 8) {
      return isSigned ? samples.map((byte) => byte ^ UNSIGNED_CENTRE) : samples;
    }
    if (!isLittleEndian) return samples;
    const turned = samples.slice();
    const sampleBytes = bitDepth / 8;
    for (let at = 0; at < turned.length; at += sampleBytes) {
      turned.subarray(at, at + sampleBytes).reverse();
    }
    return turned;
  }
}

/** Linear PCM in MP4: what came together is one sample, big endian. Spec: ISO/IEC 23003-5 §5. */
export const lpcmMp4: Mp4Codec<"lpcm"> = {
  codec: "lpcm",
  sampleEntry: (parameters) =>
    pcmEntry(parameters, Math.max(parameters.bitDepth, WIDENED_BITS)),
  frames(parts, parameters) {
    const { bitDepth, channelCount } = parameters;
    const frames = frameRun(
      parts,
      parameters,
      (part) => Math.floor(part.length / (bitDepth / 8 * channelCount)),
    );
    if (bitDepth !== 8) return frames;
    return frames.map((frame) => ({ ...frame, bytes: widened(frame.bytes) }));
  },
  openReader(entry) {
    const form = formOf(entry);
    const { channelCount, sampleRateHz } = entry;
    if (
      form === undefined || channelCount < 1 ||
      channelCount > MAX_CHANNEL_COUNT || sampleRateHz < 1
    ) return undefined;
    const { bitDepth } = form;
    return new PcmSampleReader(
      { codec: "lpcm", bitDepth, sampleRateHz, channelCount },
      form,
    );
  },
};
