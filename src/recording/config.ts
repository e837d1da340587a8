import {
  duration,
  field,
  oneOf,
  size,
  sizeOrNone,
  text,
  type Values,
  yesNo,
} from "#base/schema.ts";

/** What `recordUpload` is: the name of a bucket, and what keys begin with. */
export const UPLOAD_TARGET: RegExp =
  /^s3:\/\/([A-Za-z0-9][\w.-]{1,254})(?:\/(.*))?$/;

const UPLOAD = text((value) => {
  if (value === "") return undefined;
  const [, , prefix = ""] = UPLOAD_TARGET.exec(value) ?? [];
  const names = prefix.replace(/\/$/, "").split("/");
  const isSound = UPLOAD_TARGET.test(value) &&
    (prefix === "" || !names.some((name) => /^\.{0,2}$/.test(name)));
  return isSound
    ? undefined
    : `must be 's3://bucket/prefix', without '.', '..' and empty names in the prefix, found '${value}'`;
});

const UPLOAD_ENDPOINT = text((value) => {
  if (value === "") return undefined;
  const url = URL.parse(value);
  const isSound = url !== null && /^https?:$/.test(url.protocol) &&
    url.username + url.password + url.search + url.hash === "";
  return isSound
    ? undefined
    : "must be the http(s) address of an S3 server, without user, password and query";
});

/** Path keys of recordings. */
export const recordingKeys = {
  record: field(yesNo(), {
    default: false,
    effect: "pathHot",
    doc: "Record the stream to disk.",
  }),
  recordPath: field(text(), {
    default: "./recordings/%path/%Y-%m-%d_%H-%M-%S-%f",
    effect: "pathHot",
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
      doc: "Format of recordings: fmp4 or mpegts.",
    },
  ),
  recordPartDuration: field(duration(), {
    default: "1s",
    effect: "pathHot",
    doc: "How often a recording is written to disk: what a crash may cost.",
  }),
  recordMaxPartSize: field(size(), {
    default: "50M",
    effect: "pathHot",
    doc: "Most that is kept in memory until then.",
  }),
  recordSegmentDuration: field(duration(), {
    default: "1h",
    effect: "pathHot",
    doc: "Least length of one file.",
  }),
  recordDeleteAfter: field(duration(), {
    default: "1d",
    effect: "pathHot",
    doc: "Age at which files are deleted; 0s keeps them.",
  }),
  recordMaxTotalSize: field(sizeOrNone(), {
    default: 0,
    effect: "pathHot",
    doc:
      "Most that recordings may take, 0 for no limit: the oldest files go first. Paths with the same value and folder share it.",
  }),
  recordMinFreeSpace: field(sizeOrNone(), {
    default: 0,
    effect: "pathHot",
    doc:
      "Space of the disk that recordings leave free, 0 for no limit: the oldest files go first.",
  }),
  recordUpload: field(UPLOAD, {
    default: "",
    effect: "pathHot",
    doc:
      "Upload complete files to S3: s3://bucket/prefix, with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION of the environment. recordDeleteAfter waits for it.",
  }),
  recordUploadEndpoint: field(UPLOAD_ENDPOINT, {
    default: "",
    effect: "pathHot",
    doc:
      "Address of the S3 server, for example https://minio.example.com:9000; empty for Amazon's.",
  }),
};

/** Values of {@linkcode recordingKeys}. */
export type RecordingConfig = Values<typeof recordingKeys>;
