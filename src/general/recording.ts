import {
  duration,
  field,
  oneOf,
  size,
  text,
  type Values,
  yesNo,
} from "#base/schema.ts";

/** Path keys of recordings. */
export const recordingKeys = {
  record: field(yesNo(), {
    default: false,
    effect: "pathHot",
    isPending: true,
    doc: "Record the stream to disk.",
  }),
  recordPath: field(text(), {
    default: "./recordings/%path/%Y-%m-%d_%H-%M-%S-%f",
    effect: "pathHot",
    isPending: true,
    doc:
      "Files of recordings, without extension. %path is the path; %Y %m %d %H %M %S %f or %s the time; %z the zone.",
  }),
  recordFormat: field(
    oneOf(["fmp4", "mpegts"], {
      refusal: (found) => `invalid record format '${found}'`,
    }),
    {
      default: "fmp4",
      effect: "pathHot",
      isPending: true,
      doc: "Format of recordings: fmp4 or mpegts.",
    },
  ),
  recordPartDuration: field(duration(), {
    default: "1s",
    effect: "pathHot",
    isPending: true,
    doc:
      "How often a recording is written to disk: what a power failure may cost.",
  }),
  recordMaxPartSize: field(size(), {
    default: "50M",
    effect: "pathHot",
    isPending: true,
    doc: "Most that is kept in memory until then.",
  }),
  recordSegmentDuration: field(duration(), {
    default: "1h",
    effect: "pathHot",
    isPending: true,
    doc: "Least length of one file.",
  }),
  recordDeleteAfter: field(duration(), {
    default: "1d",
    effect: "pathHot",
    isPending: true,
    doc: "Age at which files are deleted; 0s keeps them.",
  }),
};

/** Values of {@linkcode recordingKeys}. */
export type RecordingConfig = Values<typeof recordingKeys>;
