import type { RawObject } from "#base/schema.ts";
import { assertEquals } from "#test/assert.ts";
import { refusals } from "./helpers.ts";

const user = (values: RawObject): RawObject => ({
  authInternalUsers: [{ user: "u", ...values }],
});
const RTSP_CLEAR = "and RTSP encryption is 'no' or 'optional'";
const RTSP_ENCRYPTED = "and RTSP encryption is 'optional' or 'strict'";
const CREDENTIAL_CHARACTERS =
  "contains unsupported characters. Supported are: A-Z,a-z,0-9,!,$,(,),*,+,.,;,<,=,>,[,],^,_,-,{,},@,#,&";
const hash = "argon2:$argon2id$v=19$m=4096,t=3,p=1$MTIzNDU2Nzg$abcdefgh";

/** What is given, and the refusals. */
const RULES: [raw: RawObject, ...refusals: string[]][] = [
  // General
  [{ logLevel: "debug" }],
  [{ logLevel: "loud" }, "logLevel: invalid log level: 'loud'"],
  [
    { logLevel: null },
    "logLevel: must be error, warn, info, debug, found nothing",
  ],
  [
    { logDestinations: ["paper"] },
    "logDestinations[0]: invalid log destination: paper",
  ],
  [
    { logDestinations: null },
    'logDestinations: cannot set slice "logDestinations" to nil',
  ],
  [
    { readTimeout: "0s" },
    "readTimeout: 'readTimeout' must be greater than zero",
  ],
  [
    { readTimeout: null },
    "readTimeout: 'readTimeout' must be greater than zero",
  ],
  [
    { readTimeout: "-1s" },
    "readTimeout: 'readTimeout' must be greater than zero",
  ],
  [{ readTimeout: "5" }, 'readTimeout: time: missing unit in duration "5"'],
  [
    { writeTimeout: "" },
    "writeTimeout: 'writeTimeout' must be greater than zero",
  ],
  [
    { writeQueueSize: 0 },
    "writeQueueSize: 'writeQueueSize' must be greater than zero",
  ],
  [
    { writeQueueSize: 500 },
    "writeQueueSize: 'writeQueueSize' must be a power of two",
  ],
  [{ writeQueueSize: 1024 }],
  [
    { writeQueueSize: "512" },
    "writeQueueSize: must be a whole number, found '512'",
  ],
  [{ writeQueueSize: null }],
  [{ udpMaxPayloadSize: 1472 }],
  [
    { udpMaxPayloadSize: 1473 },
    "udpMaxPayloadSize: 'udpMaxPayloadSize' must be less than 1472",
  ],
  [
    { udpReadBufferSize: -1 },
    "udpReadBufferSize: must be a whole number from 0, found -1",
  ],
  // Authentication
  [{ authMethod: "magic" }, "authMethod: invalid authMethod: 'magic'"],
  [user({
    pass: "p@ss",
    ips: ["10.0.0.0/8"],
    permissions: [{ action: "read", path: "~^x" }],
  })],
  [
    user({ user: "" }),
    "authInternalUsers[0].user: empty usernames are not supported",
  ],
  [
    { authInternalUsers: [{ pass: "" }] },
    "authInternalUsers[0].user: empty usernames are not supported",
  ],
  [
    user({ user: "any", pass: "x" }),
    "authInternalUsers[0].pass: using a password with 'any' user is not supported",
  ],
  [{ ...user({ user: "" }), authMethod: "http", authHTTPAddress: "http://a" }],
  [
    user({ user: "a b" }),
    `authInternalUsers[0].user: credential ${CREDENTIAL_CHARACTERS}`,
  ],
  [
    user({ pass: "a'b" }),
    `authInternalUsers[0].pass: credential ${CREDENTIAL_CHARACTERS}`,
  ],
  [user({ pass: 1234 }), "authInternalUsers[0].pass: must be text"],
  [user({ pass: "sha256:j1tsRqDEw9xvq/D7/9tMx6Jh/jMhk3UfjwIB2f1zgMo=" })],
  [
    user({ pass: "sha256:-" }),
    "authInternalUsers[0].pass: credential contains unsupported characters after 'sha256:'. Supported are: A-Z,a-z,0-9,+,/,=",
  ],
  [user({ user: hash, pass: hash })],
  [
    user({ pass: hash.replace("argon2id", "argon2d") }),
    "authInternalUsers[0].pass: invalid argon2 hash: must be $argon2i or $argon2id, version 19, with m, t, p, salt and hash",
  ],
  [
    user({ ips: ["x"] }),
    "authInternalUsers[0].ips[0]: unable to parse IP/CIDR 'x'",
  ],
  [
    user({ permissions: [{ action: "fly" }] }),
    "authInternalUsers[0].permissions[0].action: invalid auth action: 'fly'",
  ],
  [user({ usr: "x" }), "authInternalUsers[0].usr: unknown, nearest: user"],
  [
    user({ permissions: [{ action: "read", pth: "x" }] }),
    "authInternalUsers[0].permissions[0].pth: unknown, nearest: path",
  ],
  [{ authMethod: "http" }, "authHTTPAddress: 'authHTTPAddress' is empty"],
  [
    { authMethod: "http", authHTTPAddress: "ftp://x" },
    "authHTTPAddress: 'externalAuthenticationURL' must be a HTTP URL",
  ],
  [{ authMethod: "jwt" }, "authJWTJWKS: 'authJWTJWKS' is empty"],
  [
    { authMethod: "jwt", authJWTJWKS: "x" },
    "authJWTJWKS: 'authJWTJWKS' must be a HTTP URL",
  ],
  [
    { authMethod: "jwt", authJWTJWKS: "https://x", authJWTClaimKey: "" },
    "authJWTClaimKey: 'authJWTClaimKey' is empty",
  ],
  [{ authMethod: "signed" }, "authSignSecret: 'authSignSecret' is empty"],
  [{ authMethod: "signed", authSignSecret: "x" }],
  [
    {
      authMethod: "signed",
      authSignSecret: "x",
      authInternalUsers: [{ user: "", pass: "" }],
    },
    "authInternalUsers[0].user: empty usernames are not supported",
  ],
  [
    { authSignAlgorithm: "sha1" },
    "authSignAlgorithm: invalid authSignAlgorithm: 'sha1'",
  ],
  [
    { authSignActions: ["api"] },
    "authSignActions[0]: invalid authSignActions: 'api'",
  ],
  // HTTP services
  [{ apiAddress: "" }],
  [
    { api: true, apiAddress: "" },
    "apiAddress: 'apiAddress' must be set when API is enabled",
  ],
  [{ api: true, apiAddress: "unix:///run/x" }],
  [
    { metrics: true, metricsAddress: "" },
    "metricsAddress: 'metricsAddress' must be set when metrics are enabled",
  ],
  [
    { pprof: true, pprofAddress: "" },
    "pprofAddress: 'pprofAddress' must be set when pprof is enabled",
  ],
  [
    { playback: true, playbackAddress: "" },
    "playbackAddress: 'playbackAddress' must be set when playback is enabled",
  ],
  [
    { apiTrustedProxies: ["300.1.1.1"] },
    "apiTrustedProxies[0]: unable to parse IP/CIDR '300.1.1.1'",
  ],
  // RTSP
  [{ rtspTransports: ["quic"] }, "rtspTransports[0]: invalid transport: quic"],
  [
    { rtspEncryption: false },
    "rtspEncryption: must be text, found false: put it in quotes",
  ],
  [{ rtspEncryption: "maybe" }, "rtspEncryption: invalid encryption: 'maybe'"],
  [{ rtspEncryption: "yes", rtspAddress: "" }],
  [
    { rtspAddress: "" },
    `rtspAddress: 'rtspAddress' must be set when RTSP is enabled ${RTSP_CLEAR}`,
  ],
  [{ rtspAddress: "", rtsp: false, rtspAuthMethods: [] }],
  [
    { rtspAddress: "here" },
    "rtspAddress: must be an address such as ':8554' or '127.0.0.1:8554', found 'here'",
  ],
  [
    { rtpAddress: "", rtcpAddress: "" },
    `rtpAddress: 'rtpAddress' must be set when UDP is enabled ${RTSP_CLEAR}`,
    `rtcpAddress: 'rtcpAddress' must be set when UDP is enabled ${RTSP_CLEAR}`,
  ],
  [{ rtpAddress: "", rtspTransports: ["tcp"] }],
  [
    { multicastIPRange: "" },
    `multicastIPRange: 'multicastIPRange' must be set when UDP multicast is enabled ${RTSP_CLEAR}`,
  ],
  [
    { multicastRTPPort: 0 },
    `multicastRTPPort: 'multicastRTPPort' must be set when UDP multicast is enabled ${RTSP_CLEAR}`,
  ],
  [
    { multicastRTCPPort: 0 },
    `multicastRTCPPort: 'multicastRTCPPort' must be set when UDP multicast is enabled ${RTSP_CLEAR}`,
  ],
  [{ multicastRTPPort: 0, rtspTransports: ["udp"] }],
  [
    { rtspEncryption: "optional", rtspsAddress: "" },
    `rtspsAddress: 'rtspsAddress' must be set when RTSP is enabled ${RTSP_ENCRYPTED}`,
  ],
  [
    { rtspEncryption: "strict", srtpAddress: "", srtcpAddress: "" },
    `srtpAddress: 'srtpAddress' must be set when UDP is enabled ${RTSP_ENCRYPTED}`,
    `srtcpAddress: 'srtcpAddress' must be set when UDP is enabled ${RTSP_ENCRYPTED}`,
  ],
  [
    { rtspEncryption: "strict", multicastSRTPPort: 0, multicastSRTCPPort: 0 },
    `multicastSRTPPort: 'multicastSRTPPort' must be set when UDP multicast is enabled ${RTSP_ENCRYPTED}`,
    `multicastSRTCPPort: 'multicastSRTCPPort' must be set when UDP multicast is enabled ${RTSP_ENCRYPTED}`,
  ],
  [{ srtpAddress: "", multicastSRTPPort: 0 }],
  [
    { rtspAuthMethods: ["kerberos"] },
    "rtspAuthMethods[0]: invalid authentication method: 'kerberos'",
  ],
  [
    { rtspAuthMethods: [] },
    "rtspAuthMethods: at least one 'rtspAuthMethods' must be provided",
  ],
  [
    {
      rtspAuthMethods: ["digest"],
      authMethod: "http",
      authHTTPAddress: "http://x",
    },
    "rtspAuthMethods: when RTSP digest is enabled, the only supported auth method is 'internal'",
  ],
  [
    { rtspAuthMethods: ["basic", "digest"], ...user({ pass: hash }) },
    "rtspAuthMethods: when RTSP digest is enabled, hashed credentials cannot be used",
  ],
  [{ rtspAuthMethods: ["digest"], ...user({ pass: "plain" }) }],
  // RTMP
  [
    { rtmpAddress: "" },
    "rtmpAddress: 'rtmpAddress' must be set when RTMP is enabled",
  ],
  [{ rtmpAddress: "", rtmp: false }],
  [{ rtmpsAddress: "" }],
  [{ rtmpEncryption: "x" }, "rtmpEncryption: invalid encryption: 'x'"],
  // HLS
  [
    { hlsAddress: "" },
    "hlsAddress: 'hlsAddress' must be set when HLS is enabled",
  ],
  [{ hlsAddress: "", hls: false }],
  [{ hlsVariant: "dash" }, "hlsVariant: invalid HLS variant: 'dash'"],
  [
    { hlsVariant: null },
    "hlsVariant: must be mpegts, fmp4, lowLatency, found nothing",
  ],
  [
    { hlsSegmentMaxSize: null },
    "hlsSegmentMaxSize: must be size, found nothing",
  ],
  [
    { hlsSegmentMaxSize: "50" },
    "hlsSegmentMaxSize: byte quantity must be a positive integer with a unit of measurement like M, MB, MiB, G, GiB, or GB",
  ],
  [
    { hlsCDNSecret: "a b" },
    `hlsCDNSecret: 'hlsCDNSecret' ${CREDENTIAL_CHARACTERS}`,
  ],
  // WebRTC
  [
    { webrtcAddress: "" },
    "webrtcAddress: 'webrtcAddress' must be set when WebRTC is enabled",
  ],
  [
    { webrtcICEServers2: [{ url: "http://x" }] },
    "webrtcICEServers2[0].url: invalid ICE server: 'http://x'",
  ],
  [{
    webrtcICEServers2: [{
      url: "turns:x:1",
      username: "u",
      password: "p",
      clientOnly: true,
    }],
  }],
  [
    { webrtcLocalUDPAddress: "" },
    "webrtcLocalUDPAddress: at least one between 'webrtcLocalUDPAddress', 'webrtcLocalTCPAddress' or 'webrtcICEServers2' must be filled",
  ],
  [{ webrtcLocalUDPAddress: "", webrtcICEServers2: [{ url: "stun:x:1" }] }],
  [{ webrtcLocalUDPAddress: "", webrtcLocalTCPAddress: ":1" }],
  [
    { webrtcIPsFromInterfaces: false },
    "webrtcIPsFromInterfaces: at least one between 'webrtcIPsFromInterfaces' or 'webrtcAdditionalHosts' must be filled",
  ],
  [{ webrtcIPsFromInterfaces: false, webrtcAdditionalHosts: ["x"] }],
  [{ webrtc: false, webrtcAddress: "", webrtcLocalUDPAddress: "" }],
  // MoQ
  [
    { moqQUICAddress: "" },
    "moqQUICAddress: 'moqQUICAddress' must be set when MoQ is enabled",
  ],
  [{ moqQUICAddress: "", moq: false }],
  [{ moqHTTP2Address: "", moqHTTP3Address: "" }],
  // Containers and unknown keys
  [{ paths: null, pathDefaults: null }],
  [{ paths: [] }, "paths: must be keys and values"],
  [{ paths: { cam: "x" } }, "paths.cam: must be keys and values"],
  [{ pathDefaults: "x" }, "pathDefaults: must be keys and values"],
  [{ rtmpAdress: ":1935" }, "rtmpAdress: unknown, nearest: rtmpAddress"],
  [{ RTSPADDRESS: ":1" }, "RTSPADDRESS: unknown, nearest: rtspAddress"],
  [{ somethingElse: 1 }, "somethingElse: unknown"],
  [
    { pathDefaults: { recrd: true } },
    "pathDefaults.recrd: unknown, nearest: record",
  ],
  [
    { paths: { cam: { sourc: "x" } } },
    "paths.cam.sourc: unknown, nearest: source",
  ],
  [
    { logLevel: "x", readTimeout: 5, paths: { a: { record: "x" }, "b c": {} } },
    "logLevel: invalid log level: 'x'",
    "readTimeout: must be a duration such as '10s', found 5",
    "paths.a.record: must be yes or no, found 'x'",
    "paths.b c: invalid path name 'b c': can contain only alphanumeric characters, underscore, dot, minus, slash",
  ],
];

for (const [raw, ...expected] of RULES) {
  const given = JSON.stringify(raw);
  Deno.test(`buildConfig() ${expected.length > 0 ? "refuses" : "takes"} ${given}`, () => {
    assertEquals(refusals(raw), expected);
  });
}
