import {
  duration,
  field,
  integer,
  oneOf,
  secretText,
  size,
  text,
  type Values,
  yesNo,
} from "#base/schema.ts";

/** Keys of the HLS server that the other HTTP services do not have. */
export const hlsKeys = {
  hlsAlwaysRemux: field(yesNo(), {
    default: false,
    effect: ["hls"],
    doc:
      "Make HLS segments of every stream all the time, not only when somebody reads.",
  }),
  hlsVariant: field(
    oneOf(["mpegts", "fmp4", "lowLatency"], {
      refusal: (found) => `invalid HLS variant: '${found}'`,
      refusesNull: true,
    }),
    {
      default: "lowLatency",
      effect: ["hls"],
      doc: "Kind of HLS: mpegts, fmp4 or lowLatency.",
    },
  ),
  hlsSegmentCount: field(integer(), {
    default: 7,
    effect: ["hls"],
    doc: "Segments to keep.",
  }),
  hlsSegmentDuration: field(duration(), {
    default: "1s",
    effect: ["hls"],
    doc: "Least length of a segment; it ends at the next key frame.",
  }),
  hlsPartDuration: field(duration(), {
    default: "200ms",
    effect: ["hls"],
    doc: "Least length of a part of a segment.",
  }),
  hlsSegmentMaxSize: field(size(), {
    default: "50M",
    effect: ["hls"],
    doc: "Largest segment.",
  }),
  hlsDirectory: field(text(), {
    default: "",
    effect: ["hls"],
    doc:
      "Folder for segments, which nothing else uses; empty keeps them in memory.",
  }),
  hlsMuxerCloseAfter: field(duration(), {
    default: "60s",
    effect: ["hls"],
    doc: "How long segments are made after the last reader.",
  }),
  hlsDvrWindow: field(duration(), {
    default: "0s",
    effect: ["hls"],
    doc:
      "How far viewers of /<path>/index.m3u8?dvr=1 can go back into what was recorded of the path; 0s: not at all.",
  }),
  hlsCDNSecret: field(secretText(), {
    default: "",
    effect: ["hls"],
    doc: "What a delivery network sends to be let in.",
  }),
};

/** Values of {@linkcode hlsKeys}. */
export type HlsConfig = Values<typeof hlsKeys>;
