import { ByteReader } from "#base/byte_reader.ts";
import { ByteWriter } from "#base/byte_writer.ts";
import { AC3_FRAME_SAMPLES, parseAc3Header } from "#codecs/ac3.ts";
import type { Ac3Parameters } from "#codecs/codec.ts";
import { findBox } from "#formats/fmp4/box_reader.ts";
import {
  frameRun,
  type Mp4Codec,
  WholeFrameReader,
} from "#formats/fmp4/mp4_codec.ts";
import { audioEntry } from "#formats/fmp4/sample_entry.ts";

const FORMAT = "ac-3";

/** By `fscod`. Spec: ATSC A/52 table 5.6. */
const SAMPLE_RATES_HZ = [48_000, 44_100, 32_000];
/** By `acmod`, without the low frequencies. Spec: ATSC A/52 table 5.8. */
const CHANNEL_COUNTS = [2, 1, 2, 3, 3, 4, 4, 5];

/** What stands at the start of a syncframe goes into the box, in another layout. Spec: ETSI TS 102 366 §F.4. */
function dac3Of(frame: Uint8Array, channelCount: number): Uint8Array {
  const sizes = frame[4]!;
  const fscod = sizes >>> 6;
  const bitRateCode = (sizes & 0b11_1111) >>> 1;
  const bsidAndMode = frame[5]!;
  const acmod = frame[6]! >>> 5;
  const lfeon = channelCount - CHANNEL_COUNTS[acmod]!;
  return new ByteWriter()
    .u24(
      fscod << 22 | bsidAndMode << 14 | acmod << 11 | lfeon << 10 |
        bitRateCode << 5,
    )
    .finish();
}

function parseDac3(body: Uint8Array): Ac3Parameters | undefined {
  const bits = new ByteReader(body, "MP4 box dac3").u24("fscod");
  const sampleRateHz = SAMPLE_RATES_HZ[bits >>> 22];
  if (sampleRateHz === undefined) return undefined;
  const channelCount = CHANNEL_COUNTS[bits >>> 11 & 0b111]! + (bits >>> 10 & 1);
  return { codec: "ac3", sampleRateHz, channelCount };
}

/** AC-3 in MP4, a syncframe a sample. Spec: ETSI TS 102 366 annex F. */
export const ac3Mp4: Mp4Codec<"ac3"> = {
  codec: "ac3",
  sampleEntry(_, frame) {
    const header = frame && parseAc3Header(frame);
    if (frame === undefined || header === undefined) return undefined;
    const body = dac3Of(frame, header.channelCount);
    return audioEntry(FORMAT, header, [{ type: "dac3", body }]);
  },
  frames: (parts, parameters) =>
    frameRun(parts, parameters, () => AC3_FRAME_SAMPLES),
  openReader({ format, boxes }) {
    const dac3 = findBox(boxes, "dac3");
    if (format !== FORMAT || dac3 === undefined) return undefined;
    const codec = parseDac3(dac3);
    return codec && new WholeFrameReader(codec);
  },
};
