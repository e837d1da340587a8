import {
  duration,
  field,
  integer,
  listOf,
  objectOf,
  oneOf,
  secretText,
  size,
  text,
  type Values,
  yesNo,
} from "#base/schema.ts";

const alwaysAvailableTrack = objectOf({
  codec: oneOf(
    ["AV1", "VP9", "H265", "H264", "Opus", "MPEG4Audio", "G711", "LPCM"],
    { refusal: (found) => `unsupported codec '${found}'` },
  ),
  sampleRate: integer(),
  channelCount: integer(),
  muLaw: yesNo(),
}, checkTrack);

const LEAST_SAMPLE_RATES_HZ: ReadonlyMap<string, number> = new Map([
  ["MPEG4Audio", 22_050],
  ["G711", 8_000],
  ["LPCM", 8_000],
]);

function checkTrack(
  { codec, sampleRate, channelCount }: {
    codec: string;
    sampleRate: number;
    channelCount: number;
  },
): string | undefined {
  const leastHz = LEAST_SAMPLE_RATES_HZ.get(codec);
  if (leastHz === undefined) {
    if (sampleRate !== 0) {
      return `sampleRate must not be specified for codec '${codec}'`;
    }
    return channelCount === 0
      ? undefined
      : `channelCount must not be specified for codec '${codec}'`;
  }
  if (sampleRate === 0) return `sampleRate is mandatory for codec '${codec}'`;
  if (sampleRate < leastHz) {
    return `sampleRate must be greater than or equal to ${leastHz} for codec '${codec}'`;
  }
  return channelCount > 0
    ? undefined
    : `channelCount is mandatory for codec '${codec}'`;
}

const forwardTarget = objectOf({
  dest: text(),
  destFingerprint: text(),
  whipBearerToken: secretText(),
});

/** Keys of a path that belong to no protocol. */
export const pathKeys = {
  source: field(text(), {
    default: "publisher",
    effect: "path",
    isPending: (source) =>
      !/^(publisher|redirect$|test$|file:|rtsps?[:+]|rtmps?:)/.test(source),
    doc:
      "Where the stream comes from: publisher (clients publish it), redirect, rpiCamera, test (a clip that is built in), " +
      "file:///clip.mp4 (also MPEG-TS, a list .m3u, a folder with / behind it), or the URL of another server " +
      "(rtsp, rtsps, rtmp, rtmps, http, https, srt, whep, wheps, moqt, udp+mpegts, udp+rtp, unix+mpegts, unix+rtp).",
  }),
  sourceFingerprint: field(text(), {
    default: "",
    effect: "path",
    doc:
      "SHA-256 of the source's certificate, when it is not signed by a known authority.",
  }),
  sourceOnDemand: field(yesNo(), {
    default: false,
    effect: "path",
    doc: "Pull the source only while somebody reads.",
  }),
  sourceOnDemandStartTimeout: field(duration(), {
    default: "10s",
    effect: "path",
    doc: "How long readers wait for the source.",
  }),
  sourceOnDemandCloseAfter: field(duration(), {
    default: "10s",
    effect: "path",
    doc: "How long the source stays after the last reader.",
  }),
  fileLoop: field(yesNo(), {
    default: true,
    effect: "path",
    doc:
      "Play a source file:///… or test again and again, without a gap; otherwise it ends, and is tried again as a source " +
      "that was lost.",
  }),
  sourceReconnectMin: field(duration(), {
    default: "1s",
    effect: "path",
    doc: "Pause before a source that failed is tried again.",
  }),
  sourceReconnectMax: field(duration(), {
    default: "30s",
    effect: "path",
    doc:
      "Longest pause: each failure doubles it, up to this. 5s for both is what MediaMTX does.",
  }),
  maxReaders: field(integer(), {
    default: 0,
    effect: "path",
    doc: "Most readers at the same time; 0 for any number.",
  }),
  fallback: field(text(), {
    default: "",
    effect: "path",
    deprecation:
      "the 'fallback' feature is deprecated, use 'alwaysAvailable' instead",
    doc:
      "Path (/name) or RTSP URL that readers are sent to while there is no stream.",
  }),
  useAbsoluteTimestamp: field(yesNo(), {
    default: false,
    effect: "path",
    doc: "Keep the publisher's wall clock instead of the time of arrival.",
  }),
  gopCache: field(yesNo(), {
    default: true,
    effect: "path",
    doc:
      "Keep the current group of pictures and give it to a new reader first.",
  }),
  gopCacheMaxSize: field(size(), {
    default: "16M",
    effect: "path",
    doc: "Largest group of pictures to keep.",
  }),
  gopCacheMaxDuration: field(duration(), {
    default: "30s",
    effect: "path",
    doc: "Longest group of pictures to keep.",
  }),
  alwaysAvailable: field(yesNo(), {
    default: false,
    effect: "path",
    isPending: true,
    doc: "Serve a picture while there is no publisher.",
  }),
  alwaysAvailableTracks: field(listOf(alwaysAvailableTrack), {
    default: [],
    effect: "path",
    isPending: true,
    doc:
      "Tracks of that stream. codec: AV1, VP9, H265, H264, Opus, MPEG4Audio, G711 or LPCM; sampleRate, channelCount; muLaw.",
  }),
  alwaysAvailableFile: field(text(), {
    default: "",
    effect: "path",
    isPending: true,
    doc: "MP4 file to serve instead of a made picture.",
  }),
  forward: field(listOf(forwardTarget), {
    default: [],
    effect: "pathHot",
    isPending: true,
    doc:
      "Servers to publish the stream to. dest: URL (rtsp, rtsps, rtmp, rtmps, srt, whip, whips), $MTX_PATH is the path; " +
      "destFingerprint; whipBearerToken.",
  }),
  overridePublisher: field(yesNo(), {
    default: true,
    effect: "path",
    doc: "Let a new publisher take the place of the current one.",
  }),
  mpegtsUDPReadBufferSize: field(integer({ min: 0 }), {
    default: 0,
    effect: "path",
    deprecation: "",
    isPending: true,
    doc:
      "Takes the place of udpReadBufferSize for this MPEG-TS source; 0 does not.",
  }),
  rtpSDP: field(text(), {
    default: "",
    effect: "path",
    isPending: true,
    doc: "Session description of an RTP source.",
  }),
  rtpUDPReadBufferSize: field(integer({ min: 0 }), {
    default: 0,
    effect: "path",
    deprecation: "",
    isPending: true,
    doc:
      "Takes the place of udpReadBufferSize for this RTP source; 0 does not.",
  }),
  sourceRedirect: field(text(), {
    default: "",
    effect: "path",
    doc:
      "Path (/name) or RTSP URL that readers are sent to when source is redirect.",
  }),
};

/** What a path itself needs of its entry; the entry has the keys of protocols, recording and hooks, too. */
export interface PathConfig extends Values<typeof pathKeys> {
  /** Key of the entry: a path name, `~` and a pattern, or `all_others`. */
  readonly name: string;
}
