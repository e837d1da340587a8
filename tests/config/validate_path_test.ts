import type { RawObject } from "#base/schema.ts";
import { assertEquals } from "#test/assert.ts";
import { refusals } from "./helpers.ts";

const TRACK = { codec: "H264" };
const available = (values: RawObject): RawObject => ({
  alwaysAvailable: true,
  alwaysAvailableTracks: [TRACK],
  ...values,
});
const tracks = (...list: RawObject[]): RawObject =>
  available({ alwaysAvailableTracks: list });
const camera = (values: RawObject): RawObject => ({
  source: "rpiCamera",
  ...values,
});
const PASSPHRASE = "must be between 10 and 79 characters";
const MJPEG = "must be a multiple of 8 and less than 2048 when using MJPEG";
const ON_DEMAND =
  "'runOnDemand' and 'runOnUnDemand' can be used only when source is 'publisher'";
const STATIC_PATTERN =
  "a path with a regular expression (or path 'all_others') and a static source must have 'sourceOnDemand' set to true";

const NO_FILE =
  "is not a valid URL of a file: it must be like file:///folder/clip.mp4, without '..'; '?', '#' and '%' are %3F, %23 and %25";

/** Keys of the path `cam`, and the refusals. */
const RULES: [keys: RawObject, ...refusals: string[]][] = [
  [{}],
  [{ name: "ignored", maxReaders: 3 }],
  [{ record: null, recordPath: null, recordFormat: null, forward: null }],
  // Source
  [{ source: "rtsp://host/x" }],
  [{ source: "rtsps+ws://user:pass@host:8322/x?a=b" }],
  [{ source: "rtsp+http://host" }],
  [{ source: "rtmp://host/app/key" }],
  [{ source: "https://host/x.m3u8" }],
  [{ source: "srt://host:8890?streamid=read:x&latency=200" }],
  [{ source: "whep://host/x" }],
  [{ source: "moqt://host/x" }],
  [{ source: "udp+mpegts://239.0.0.1:1234" }],
  [{ source: "udp://:1234" }],
  [{ source: "udp+mpegts://[::1]:1234" }],
  [{ source: "unix+mpegts:///run/x" }],
  [{ source: "rtsp://host:$G1/$G2" }],
  [{ source: "test" }],
  [{ source: "file:///clips/$G1 a.mp4", sourceOnDemand: true }],
  [{ source: "file:///clips/" }],
  [
    { source: "file://clip.mp4" },
    `source: 'file://clip.mp4' ${NO_FILE}`,
  ],
  [
    { source: "file:///clips/../x" },
    `source: 'file:///clips/../x' ${NO_FILE}`,
  ],
  [
    { source: "file:///x?y" },
    `source: 'file:///x?y' ${NO_FILE}`,
  ],
  [{ source: "x" }, "source: invalid source: 'x'"],
  [
    { source: "ftp://u:p@host/x" },
    "source: invalid source: 'ftp://<redacted>@host/x'",
  ],
  [{ source: "" }, "source: invalid source: ''"],
  [{ source: "rtsp://" }, "source: 'rtsp://' is not a valid URL"],
  [
    { source: "rtsp://host:x/y" },
    "source: 'rtsp://host:x/y' is not a valid URL",
  ],
  [
    { source: "rtsp://host:99999/y" },
    "source: 'rtsp://host:99999/y' is not a valid URL",
  ],
  [{ source: "rtsp://ho st/y" }, "source: 'rtsp://ho st/y' is not a valid URL"],
  [
    { source: "rtsp://host/%zz" },
    "source: 'rtsp://host/%zz' is not a valid URL",
  ],
  [
    { source: "rtsp://user@host/y" },
    "source: username and password must be both provided",
  ],
  [
    { source: "rtsp://:pass@host/y" },
    "source: username and password must be both provided",
  ],
  [
    { source: "udp+mpegts://host" },
    "source: 'udp+mpegts://host' is missing the port",
  ],
  [{ source: "udp+rtp://host:1", rtpSDP: "v=0" }],
  [{ source: "udp+rtp://host:1" }, "rtpSDP: `rtpSDP` was not provided"],
  [{ source: "unix+rtp:///x" }, "rtpSDP: `rtpSDP` was not provided"],
  [
    { sourceOnDemand: true },
    "sourceOnDemand: 'sourceOnDemand' is useless when source is 'publisher'",
  ],
  [{ source: "redirect" }, "sourceRedirect: source redirect must be filled"],
  [{ source: "redirect", sourceRedirect: "/other" }],
  [{ source: "redirect", sourceRedirect: "rtsp://host/x" }],
  [
    { source: "redirect", sourceRedirect: "http://x" },
    "sourceRedirect: 'http://x' is not a valid RTSP URL",
  ],
  [
    { source: "redirect", sourceRedirect: "/../x" },
    "sourceRedirect: invalid path name '../x': can't contain dot path segments",
  ],
  [
    { sourceRedirect: "/x" },
    "sourceRedirect: 'sourceRedirect' is useless when source is not 'redirect'",
  ],
  [{ fallback: "/x" }],
  [{ fallback: "x" }, "fallback: 'x' is not a valid RTSP URL"],
  // Passphrases
  [{ srtReadPassphrase: "0123456789", srtPublishPassphrase: "0123456789" }],
  [
    { srtReadPassphrase: "short" },
    `srtReadPassphrase: invalid 'readRTPassphrase': ${PASSPHRASE}`,
  ],
  [
    { srtReadPassphrase: "x".repeat(80) },
    `srtReadPassphrase: invalid 'readRTPassphrase': ${PASSPHRASE}`,
  ],
  [
    { srtPublishPassphrase: "short" },
    `srtPublishPassphrase: invalid 'srtPublishPassphrase': ${PASSPHRASE}`,
  ],
  [
    { source: "rtsp://x", srtPublishPassphrase: "0123456789" },
    "srtPublishPassphrase: 'srtPublishPassphase' can only be used when source is 'publisher'",
  ],
  // Group of pictures
  [{ gopCache: false, gopCacheMaxSize: "1M", gopCacheMaxDuration: "5s" }],
  [
    { gopCacheMaxSize: 5 },
    "gopCacheMaxSize: must be a size such as '50M', found 5",
  ],
  // Always available
  [available({})],
  [
    available({ source: "rtsp://x", sourceOnDemand: true }),
    "sourceOnDemand: 'sourceOnDemand' is not compatible with 'alwaysAvailable'",
  ],
  [
    available({ runOnUnDemand: "x" }),
    "alwaysAvailable: 'runOnDemand' and 'runOnUnDemand' cannot be used with 'alwaysAvailable'",
  ],
  [
    available({ useAbsoluteTimestamp: true }),
    "useAbsoluteTimestamp: 'useAbsoluteTimestamp' cannot be used with 'alwaysAvailable'",
  ],
  [
    tracks(),
    "alwaysAvailableTracks: 'alwaysAvailableTracks' must contain at least one track",
  ],
  [
    available({ alwaysAvailableFile: "x.mp4" }),
    "alwaysAvailableFile: 'alwaysAvailableFile' and 'alwaysAvailableTracks' cannot be used together",
  ],
  [
    tracks({ codec: "VP8" }),
    "alwaysAvailableTracks[0].codec: unsupported codec 'VP8'",
  ],
  [
    tracks({ codec: "Opus", sampleRate: 1 }),
    "alwaysAvailableTracks[0]: sampleRate must not be specified for codec 'Opus'",
  ],
  [
    tracks({ codec: "LPCM" }),
    "alwaysAvailableTracks[0]: sampleRate is mandatory for codec 'LPCM'",
  ],
  [
    tracks({ codec: "MPEG4Audio", sampleRate: 8000 }),
    "alwaysAvailableTracks[0]: sampleRate must be greater than or equal to 22050 for codec 'MPEG4Audio'",
  ],
  [
    tracks({ codec: "G711", sampleRate: 8000 }),
    "alwaysAvailableTracks[0]: channelCount is mandatory for codec 'G711'",
  ],
  [tracks({ codec: "G711", sampleRate: 8000, channelCount: 1, muLaw: true })],
  // Forward
  [{
    forward: [{ dest: "rtmp://host/$MTX_PATH" }, {
      dest: "whips://host/x",
      whipBearerToken: "t",
    }],
  }],
  [
    { forward: [{}] },
    "forward: invalid 'forward': entry 0: destination is empty",
  ],
  [
    { forward: [{ dest: "rtsp://x" }, { dest: "http://x" }] },
    "forward: invalid 'forward': entry 1: unsupported scheme 'http', supported ones are rtmp, rtmps, rtsp, rtsps, srt, whip and whips",
  ],
  [
    { forward: [{ dest: "x" }] },
    "forward: invalid 'forward': entry 0: 'x' is not a valid URL",
  ],
  // Recording
  [{ recordPath: "%path/%s" }],
  [{ recordPath: "./x/%s" }, "recordPath: 'recordPath' must contain %path"],
  [
    { recordPath: "%path/%Y" },
    "recordPath: 'recordPath' must contain either %s or %Y %m %d %H %M %S",
  ],
  [{ recordFormat: "avi" }, "recordFormat: invalid record format 'avi'"],
  [
    { recordSegmentDuration: "25h", recordDeleteAfter: "0s" },
    "recordSegmentDuration: maximum segment duration is 1 day",
  ],
  [
    { recordDeleteAfter: "1m" },
    "recordDeleteAfter: 'recordDeleteAfter' cannot be lower than 'recordSegmentDuration'",
  ],
  // Sources of one protocol
  [{ rtspTransport: "quic" }, "rtspTransport: invalid transport 'quic'"],
  [{ rtspRangeType: "x" }, "rtspRangeType: invalid rtsp range type: 'x'"],
  [{ rtspRangeType: "" }],
  [{ moqTransport: "x" }, "moqTransport: invalid MoQ transport 'x'"],
  // Hooks
  [{ runOnInit: "x", runOnDemand: "y", runOnUnDemand: "z" }],
  [{ source: "rtsp://x", runOnDemand: "y" }, `runOnDemand: ${ON_DEMAND}`],
  [{ source: "rtsp://x", runOnUnDemand: "y" }, `runOnUnDemand: ${ON_DEMAND}`],
  // Camera
  [camera({})],
  [{ rpiCameraAWB: "odd", rpiCameraBrightness: 5 }],
  [
    camera({ rpiCameraAWB: "odd" }),
    "rpiCameraAWB: invalid 'rpiCameraAWB' value",
  ],
  [
    camera({ rpiCameraBrightness: 2 }),
    "rpiCameraBrightness: invalid 'rpiCameraBrightness' value",
  ],
  [
    camera({ rpiCameraContrast: 17 }),
    "rpiCameraContrast: invalid 'rpiCameraContrast' value",
  ],
  [
    camera({ rpiCameraAWBGains: [1] }),
    "rpiCameraAWBGains: invalid 'rpiCameraAWBGains' value",
  ],
  [
    camera({ rpiCameraWidth: 0 }),
    "rpiCameraWidth: invalid 'rpiCameraWidth' value",
  ],
  [
    camera({ rpiCameraH264Level: "5.0" }),
    "rpiCameraH264Level: invalid 'rpiCameraH264Level' value",
  ],
  [
    { rpiCameraCodec: "av1" },
    "rpiCameraCodec: supported codecs for a RPI Camera stream are auto, hardwareH264, softwareH264, mjpeg",
  ],
  [
    camera({ rpiCameraCodec: "mjpeg", rpiCameraWidth: 2048 }),
    `rpiCameraWidth: 'rpiCameraWidth' ${MJPEG}`,
  ],
  [
    camera({ rpiCameraCodec: "mjpeg", rpiCameraHeight: 1001 }),
    `rpiCameraHeight: 'rpiCameraHeight' ${MJPEG}`,
  ],
];

for (const [keys, ...expected] of RULES) {
  const given = JSON.stringify(keys);
  Deno.test(`buildConfig() ${expected.length > 0 ? "refuses" : "takes"} a path with ${given}`, () => {
    assertEquals(
      refusals({ paths: { cam: keys } }),
      expected.map((refusal) => `paths.cam.${refusal}`),
    );
  });
}

/** Entries of `paths`, and the refusals. */
const NAME_RULES: [paths: RawObject, ...refusals: string[]][] = [
  [{ cam: null, "a/b": null, "~^x(\\d+)$": null, all_others: null }],
  [{ all: null }],
  [{ "~^.*$": null }],
  [{ "": null }, "paths.: invalid path name '': cannot be empty"],
  [
    { "/x": null },
    "paths./x: invalid path name '/x': can't begin with a slash",
  ],
  [{ "x/": null }, "paths.x/: invalid path name 'x/': can't end with a slash"],
  [
    { "a/../b": null },
    "paths.a/../b: invalid path name 'a/../b': can't contain dot path segments",
  ],
  [{ "~[": null }, "paths.~[: invalid regular expression: ["],
  [
    { all: null, all_others: null },
    "paths.all: all_others, all and '~^.*$' are aliases",
  ],
  [
    { all: null, "~^.*$": null },
    "paths.~^.*$: all_others, all and '~^.*$' are aliases",
  ],
  [
    { "~x": { source: "rtsp://x" } },
    `paths.~x.sourceOnDemand: ${STATIC_PATTERN}`,
  ],
  [
    { all_others: { source: "rtsp://x" } },
    `paths.all_others.sourceOnDemand: ${STATIC_PATTERN}`,
  ],
  [{ "~x": { source: "rtsp://x/$G1", sourceOnDemand: true } }],
  [{ "~x": { source: "redirect", sourceRedirect: "/y" } }],
  [
    { "~x": { runOnInit: "x" } },
    "paths.~x.runOnInit: a path with a regular expression (or path 'all_others') does not support option 'runOnInit'; use another path",
  ],
  [
    { "~x": available({}) },
    "paths.~x.alwaysAvailable: 'alwaysAvailable' cannot be used in a path with a regular expression (or path 'all_others')",
  ],
  [{ a: camera({}), b: camera({ rpiCameraCamID: 1 }) }],
  [
    { a: camera({}), b: camera({}) },
    "paths.b.rpiCameraCamID: 'rpiCamera' with same camera ID 0 is used as source in two paths, 'a' and 'b'",
  ],
  [
    { a: camera({ rpiCameraSecondary: true, rpiCameraHeight: 480 }) },
    "paths.a.rpiCameraSecondary: cannot find a primary RPI Camera stream to associate with the secondary stream",
  ],
];

for (const [paths, ...expected] of NAME_RULES) {
  const given = JSON.stringify(paths);
  Deno.test(`buildConfig() ${expected.length > 0 ? "refuses" : "takes"} paths ${given}`, () => {
    assertEquals(refusals({ paths }), expected);
  });
}

Deno.test("buildConfig() refuses two second streams of one camera", () => {
  const second = camera({
    rpiCameraSecondary: true,
    rpiCameraWidth: 640,
    rpiCameraHeight: 480,
  });
  assertEquals(refusals({ paths: { a: camera({}), b: second } }), []);
  assertEquals(refusals({ paths: { a: camera({}), b: second, c: second } }), [
    "paths.c.rpiCameraSecondary: a primary RPI Camera stream is associated with multiple secondary streams",
  ]);
});

Deno.test("buildConfig() names pathDefaults once when many paths inherit what is wrong", () => {
  const pathDefaults = { recordDeleteAfter: "1m" };
  assertEquals(refusals({ pathDefaults }), []);
  assertEquals(
    refusals({
      pathDefaults,
      paths: { a: null, b: {}, c: { recordDeleteAfter: "2h" } },
    }),
    [
      "pathDefaults.recordDeleteAfter: 'recordDeleteAfter' cannot be lower than 'recordSegmentDuration'",
    ],
  );
});

Deno.test("buildConfig() wants %f in recordPath when playback is on", () => {
  assertEquals(
    refusals({ playback: true, paths: { cam: { recordPath: "%path/%s" } } }),
    ["paths.cam.recordPath: 'recordPath' must contain %f"],
  );
});
