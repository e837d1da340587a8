import { expandG711, type G711Law } from "#codecs/g711.ts";
import {
  frameRun,
  type Mp4Codec,
  WholeFrameReader,
} from "#formats/fmp4/mp4_codec.ts";
import { pcmEntry } from "./lpcm.ts";

const EXPANDED_BITS = 16;

/** As QuickTime has it; MP4 has no G.711. */
const LAWS: Readonly<Record<string, G711Law>> = { ulaw: "mu", alaw: "a" };

/** G.711 in MP4, expanded to linear PCM; as it is only where QuickTime has it. Spec: ISO/IEC 23003-5 §5. */
export const g711Mp4: Mp4Codec<"g711"> = {
  codec: "g711",
  sampleEntry: (parameters) => pcmEntry(parameters, EXPANDED_BITS),
  frames: (parts, parameters) =>
    frameRun(
      parts,
      parameters,
      (part) => Math.floor(part.length / parameters.channelCount),
    ).map((frame) => ({
      ...frame,
      bytes: expandG711(parameters.law, frame.bytes),
    })),
  openReader({ format, channelCount, sampleRateHz }) {
    const law = LAWS[format];
    if (law === undefined || channelCount < 1 || sampleRateHz < 1) {
      return undefined;
    }
    return new WholeFrameReader({
      codec: "g711",
      law,
      sampleRateHz,
      channelCount,
    });
  },
};
