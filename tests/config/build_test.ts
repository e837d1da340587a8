import { propertyName, type RawObject, type RawValue } from "#base/schema.ts";
import { buildConfig, defaultConfig } from "#config/build.ts";
import { ConfigError } from "#config/errors.ts";
import { defaultOf } from "#config/read_fields.ts";
import {
  FRAGMENT_KEY_COUNTS,
  GLOBAL_FIELDS,
  PATH_FIELDS,
} from "#config/root_schema.ts";
import {
  assert,
  assertEquals,
  assertIncludes,
  assertRejects,
  assertThrows,
} from "#test/assert.ts";
import { buildFromText, refusals } from "./helpers.ts";

const pending = (key: string, place = ""): string =>
  `Cannot act on config key ${key}: this feature is not in this build yet${place}`;
const replaced = (oldKey: string, newKey: string): string =>
  `parameter '${oldKey}' is deprecated and has been replaced with '${newKey}'`;

function warningsOf(raw: RawObject): readonly string[] {
  return buildConfig(raw).warnings;
}

Deno.test("GLOBAL_FIELDS and PATH_FIELDS have every key of every fragment once", () => {
  assertEquals(GLOBAL_FIELDS.size, FRAGMENT_KEY_COUNTS.global);
  assertEquals(PATH_FIELDS.size, FRAGMENT_KEY_COUNTS.path);
  for (const field of [...GLOBAL_FIELDS.values(), ...PATH_FIELDS.values()]) {
    assert(field.doc.endsWith("."), field.doc);
  }
});

Deno.test("defaultConfig() lets everybody publish and read every path", () => {
  const config = defaultConfig();
  assertEquals([...config.paths.keys()], ["all_others"]);
  assertEquals(
    [
      config.rtspAddress,
      config.readTimeoutMs,
      config.hlsSegmentMaxSizeBytes,
      config.pathDefaults.gopCache,
      config.pathDefaults.gopCacheMaxSizeBytes,
      config.pathDefaults.gopCacheMaxDurationMs,
      config.pathDefaults.recordSegmentDurationMs,
    ],
    [":8554", 10_000, 52_428_800, true, 16_777_216, 30_000, 3_600_000],
  );
  const [everybody, local] = config.authInternalUsers;
  assertEquals(
    everybody!.permissions.map(({ action }) => action),
    ["publish", "read", "playback"],
  );
  assertEquals(local!.ips.map(String), ["127.0.0.1/32", "::1/128"]);
});

for (
  const [level, fields] of [["global", GLOBAL_FIELDS], [
    "path",
    PATH_FIELDS,
  ]] as const
) {
  for (const [key, field] of fields) {
    Deno.test(`buildConfig() takes the default of ${key} (${level}) and refuses another type`, () => {
      const at = (value: RawValue): RawObject =>
        level === "global"
          ? { [key]: value }
          : { paths: { cam: { [key]: value } } };
      const { config, warnings } = buildConfig(at(field.default));
      assertEquals(
        warnings.filter((one) => one.includes("not in this build")),
        [],
      );
      const values = level === "global" ? config : config.paths.get("cam")!;
      const property = propertyName(key, field.type) as never;
      assertEquals(values[property], defaultOf(field));
      const wrong = field.type.name === "keys and values" ? 5 : { wrong: true };
      assertEquals(refusals(at(wrong)).length, 1);
    });
  }
}

Deno.test("buildConfig() gives an entry the values of pathDefaults that it does not set", () => {
  const { config } = buildConfig({
    pathDefaults: { maxReaders: 5, gopCache: false, recordFormat: "mpegts" },
    paths: { b: { maxReaders: 7, gopCache: null }, a: null },
  });
  assertEquals([...config.paths.keys()], ["a", "b"]);
  const [a, b] = [...config.paths.values()];
  assertEquals([a!.name, a!.maxReaders, a!.gopCache, a!.recordFormat], [
    "a",
    5,
    false,
    "mpegts",
  ]);
  assertEquals([b!.name, b!.maxReaders, b!.gopCache, b!.recordFormat], [
    "b",
    7,
    false,
    "mpegts",
  ]);
  assertEquals(config.pathDefaults.maxReaders, 5);
  assertEquals(config.given.paths.get("b"), { maxReaders: 7, gopCache: null });
  assertEquals(config.given.pathDefaults["maxReaders"], 5);
});

Deno.test("buildConfig() replaces lists as a whole", () => {
  const { config } = buildConfig({
    pathDefaults: { forward: [{ dest: "rtsp://a" }, { dest: "rtsp://b" }] },
    paths: { cam: { forward: [{ dest: "rtsp://c" }] } },
    authInternalUsers: [{ user: "x" }],
  });
  assertEquals(config.paths.get("cam")!.forward.map(({ dest }) => dest), [
    "rtsp://c",
  ]);
  const [user] = config.authInternalUsers;
  assertEquals([user!.user, user!.pass.reveal(), user!.permissions], [
    "x",
    "",
    [],
  ]);
});

/** What is given, and the warnings. */
const WARNINGS: [raw: RawObject, ...warnings: string[]][] = [
  [{}],
  [{ hls: true, webrtc: true, srt: true, moq: true }],
  [{ hls: false, webrtc: false, srt: false, moq: false, api: false }],
  [{ hlsVariant: "mpegts" }],
  [{ metrics: true, playback: true }],
  [{ rtspEncryption: "no", rtmpEncryption: "false" }],
  [{ rtspEncryption: "strict", rtmpEncryption: "optional" }],
  [{ rtspTransports: ["udp", "multicast", "tcp"] }],
  [{ rtspTransports: ["tcp"] }],
  [{ rtspTransports: ["multicast"] }],
  [{ logDestinations: ["stdout", "file"], logStructured: true, pprof: true }],
  [{ rtmpTrustedProxies: ["10.0.0.1"] }],
  [{ hlsTrustedProxies: ["10.0.0.1"] }],
  [{ hlsDirectory: "/tmp", hlsDvrWindow: "2h" }],
  [{
    paths: {
      a: { source: "publisher" },
      b: { source: "redirect", sourceRedirect: "/a" },
    },
  }],
  [
    {
      paths: {
        a: { source: "srt://x:1", rpiCameraHFlip: true },
        b: { source: "srt://y:1" },
      },
    },
    pending("paths.a.source"),
    pending("paths.a.rpiCameraHFlip"),
  ],
  [
    {
      pathDefaults: { rpiCameraHFlip: true },
      paths: { a: { rpiCameraHFlip: true } },
    },
    pending("pathDefaults.rpiCameraHFlip"),
  ],
  [{ authMethod: "jwt", authJWTJWKS: "http://x" }],
  [
    { paths: { a: { fallback: "/b" } } },
    "the 'fallback' feature is deprecated, use 'alwaysAvailable' instead",
  ],
  [{ rtspUDPReadBufferSize: 1000 }],
  [
    { paths: { a: { playback: true } } },
    "parameter 'playback' is deprecated and has no effect",
  ],
];

for (const [raw, ...expected] of WARNINGS) {
  Deno.test(`buildConfig() warns as it should of ${JSON.stringify(raw)}`, () => {
    assertEquals(warningsOf(raw), expected);
  });
}

/** Old key and value, new key, and what it becomes. */
const OLD_GLOBAL_KEYS: [
  RawObject,
  newKey: string,
  property: string,
  value: unknown,
][] = [
  [{ readBufferCount: 1024 }, "writeQueueSize", "writeQueueSize", 1024],
  [
    { externalAuthenticationURL: "http://x" },
    "authHTTPAddress",
    "authHTTPAddress",
    "http://x",
  ],
  [
    { externalAuthenticationURL: "http://x" },
    "authHTTPAddress",
    "authMethod",
    "http",
  ],
  [{ apiAllowOrigin: "x" }, "apiAllowOrigins", "apiAllowOrigins", ["x"]],
  [{ metricsAllowOrigin: "x" }, "metricsAllowOrigins", "metricsAllowOrigins", [
    "x",
  ]],
  [{ pprofAllowOrigin: "x" }, "pprofAllowOrigins", "pprofAllowOrigins", ["x"]],
  [
    { playbackAllowOrigin: "x" },
    "playbackAllowOrigins",
    "playbackAllowOrigins",
    ["x"],
  ],
  [{ hlsAllowOrigin: "x" }, "hlsAllowOrigins", "hlsAllowOrigins", ["x"]],
  [{ webrtcAllowOrigin: "x" }, "webrtcAllowOrigins", "webrtcAllowOrigins", [
    "x",
  ]],
  [{ rtspDisable: true }, "rtsp", "rtsp", false],
  [{ rtmpDisable: false }, "rtmp", "rtmp", true],
  [{ hlsDisable: true }, "hls", "hls", false],
  [{ webrtcDisable: true }, "webrtc", "webrtc", false],
  [{ protocols: ["tcp"] }, "rtspTransports", "rtspTransports", ["tcp"]],
  [{ encryption: "optional" }, "rtspEncryption", "rtspEncryption", "optional"],
  [{ authMethods: ["basic", "digest"] }, "rtspAuthMethods", "rtspAuthMethods", [
    "basic",
    "digest",
  ]],
  [{ serverKey: "k" }, "rtspServerKey", "rtspServerKey", "k"],
  [{ serverCert: "c" }, "rtspServerCert", "rtspServerCert", "c"],
  [
    { webrtcICEUDPMuxAddress: ":1" },
    "webrtcLocalUDPAddress",
    "webrtcLocalUDPAddress",
    ":1",
  ],
  [
    { webrtcICETCPMuxAddress: ":1" },
    "webrtcLocalTCPAddress",
    "webrtcLocalTCPAddress",
    ":1",
  ],
  [
    { webrtcICEHostNAT1To1IPs: ["1.2.3.4"] },
    "webrtcAdditionalHosts",
    "webrtcAdditionalHosts",
    ["1.2.3.4"],
  ],
  [{ moqHTTPS2Address: ":1" }, "moqHTTP2Address", "moqHTTP2Address", ":1"],
  [{ moqHTTPS3Address: ":1" }, "moqHTTP3Address", "moqHTTP3Address", ":1"],
];

for (const [raw, newKey, property, value] of OLD_GLOBAL_KEYS) {
  const [oldKey = ""] = Object.keys(raw);
  Deno.test(`buildConfig() reads ${property} from ${oldKey}`, () => {
    const { config, warnings } = buildConfig({ [newKey]: null, ...raw });
    assertEquals(config[property as keyof typeof config], value);
    assertEquals(warnings[0], replaced(oldKey, newKey));
  });
}

/** Old path key and value, new key, and what it becomes. */
const OLD_PATH_KEYS: [RawObject, newKey: string, value: unknown][] = [
  [{ disablePublisherOverride: true }, "overridePublisher", false],
  [{ sourceProtocol: "tcp" }, "rtspTransport", "tcp"],
  [{ sourceAnyPortEnable: true }, "rtspAnyPort", true],
  [{ rpiCameraJPEGQuality: 50 }, "rpiCameraMJPEGQuality", 50],
  [{ runOnReady: "x" }, "runOnAvailable", "x"],
  [{ runOnReadyRestart: true }, "runOnAvailableRestart", true],
  [{ runOnNotReady: "x" }, "runOnUnavailable", "x"],
];

for (const [raw, newKey, value] of OLD_PATH_KEYS) {
  const [oldKey = ""] = Object.keys(raw);
  Deno.test(`buildConfig() reads ${newKey} from ${oldKey}`, () => {
    const { config, warnings } = buildConfig({ paths: { cam: { ...raw } } });
    const cam = config.paths.get("cam")!;
    assertEquals(cam[newKey as keyof typeof cam], value);
    assertEquals(warnings[0], replaced(oldKey, newKey));
    const inherited = buildConfig({ pathDefaults: raw, paths: { cam: null } });
    const other = inherited.config.paths.get("cam")!;
    assertEquals(other[newKey as keyof typeof other], value);
  });
}

Deno.test("buildConfig() moves global record keys to pathDefaults", () => {
  const { config, warnings } = buildConfig({
    record: true,
    recordDeleteAfter: "2d",
    paths: { cam: null },
  });
  const { record, recordDeleteAfterMs } = config.paths.get("cam")!;
  assertEquals([record, recordDeleteAfterMs], [true, 172_800_000]);
  assertEquals(warnings.slice(0, 2), [
    replaced("record", "pathDefaults.record"),
    replaced("recordDeleteAfter", "pathDefaults.recordDeleteAfter"),
  ]);
});

Deno.test("buildConfig() appends the old list of ICE servers to the new one", () => {
  const { config } = buildConfig({
    webrtcICEServers2: [{ url: "stun:a:1" }],
    webrtcICEServers: ["stun:b:2", "turn:user:pass:c:3"],
  });
  assertEquals(
    config.webrtcICEServers2.map(({ url, username, password }) => [
      url,
      username,
      password.reveal(),
    ]),
    [["stun:a:1", "", ""], ["stun:b:2", "", ""], ["turn:c:3", "user", "pass"]],
  );
});

Deno.test("buildConfig() makes users of the credentials of paths", () => {
  const { config, warnings } = buildConfig({
    pathDefaults: { readUser: "reader" },
    paths: {
      all_others: null,
      cam: {
        publishUser: "pub",
        publishPass: "secret",
        readIPs: ["10.0.0.0/8"],
      },
    },
  });
  assertEquals(
    config.authInternalUsers.slice(2).map((
      { user, pass, ips, permissions },
    ) => [
      user,
      pass.reveal(),
      ips.map(String).join(),
      ...permissions.map(({ action, path }) => `${action} ${path}`),
    ]),
    [
      ["any", "", "0.0.0.0/0", "publish ~^.*$"],
      ["reader", "", "0.0.0.0/0", "read ~^.*$"],
      ["pub", "secret", "0.0.0.0/0", "publish cam"],
      ["reader", "", "10.0.0.0/8", "read cam"],
    ],
  );
  assertEquals(
    config.authInternalUsers.slice(0, 2).map(({ permissions }) =>
      permissions.length
    ),
    [1, 3],
  );
  assertIncludes(warnings[0]!, "have been replaced with 'authInternalUsers'");
});

Deno.test("buildConfig() refuses credentials of paths beside users", () => {
  assertEquals(
    refusals({
      authInternalUsers: [{ user: "x" }],
      paths: { cam: { publishUser: "y" } },
    }),
    [
      "paths.cam.publishUser: authInternalUsers and legacy credentials (publishUser, publishPass, publishIPs, readUser, readPass, readIPs) cannot be used together",
    ],
  );
  const users = GLOBAL_FIELDS.get("authInternalUsers")!.default;
  const raw = { authInternalUsers: users, paths: { cam: { readUser: "y" } } };
  assertEquals(refusals(raw), []);
});

/** Texts of a file, and of all that is wrong or to warn of. */
const PLACES: [text: string, ...lines: string[]][] = [
  [
    "logLevel: info\nrtmpAdress: :1935\n",
    "Cannot use config key rtmpAdress: unknown, nearest: rtmpAddress (weir.yml:2:1)",
  ],
  [
    "paths:\n  cam:\n    source: x\n",
    "Cannot use config key paths.cam.source: invalid source: 'x' (weir.yml:3:5)",
  ],
  [
    "encryption: maybe\n",
    "Cannot use config key encryption: invalid encryption: 'maybe' (weir.yml:1:1)",
  ],
  [
    "rtspTransports:\n  - tcp\n  - foo\n",
    "Cannot use config key rtspTransports[1]: invalid transport: foo (weir.yml:3:5)",
  ],
  [
    "authInternalUsers:\n- user: a\n  pass: a b\n  x: 1\n",
    "Cannot use config key authInternalUsers[0].pass: credential contains unsupported characters. Supported are: A-Z,a-z,0-9,!,$,(,),*,+,.,;,<,=,>,[,],^,_,-,{,},@,#,& (weir.yml:3:3)",
    "Cannot use config key authInternalUsers[0].x: unknown (weir.yml:4:3)",
  ],
  [
    "pathDefaults:\n  recordDeleteAfter: 1m\npaths:\n  cam:\n",
    "Cannot use config key pathDefaults.recordDeleteAfter: 'recordDeleteAfter' cannot be lower than 'recordSegmentDuration' (weir.yml:2:3)",
  ],
  [
    "record: maybe\n",
    "Cannot use config key record: must be yes or no, found 'maybe' (weir.yml:1:1)",
  ],
];

for (const [text, ...lines] of PLACES) {
  Deno.test(`buildConfig() says where ${JSON.stringify(text)} is wrong`, async () => {
    const { message, problems } = await assertRejects(
      buildFromText(text),
      ConfigError,
    );
    assertEquals(message.split("\n"), lines);
    assertEquals(problems.length, lines.length);
  });
}

Deno.test("buildConfig() says where it warns of something", async () => {
  const text =
    "encryption: strict\npaths:\n  cam:\n    rpiCameraHFlip: yes\n    fallback: /x\n";
  assertEquals((await buildFromText(text)).warnings, [
    `${replaced("encryption", "rtspEncryption")} (weir.yml:1:1)`,
    `${pending("paths.cam.rpiCameraHFlip")} (weir.yml:4:5)`,
    "the 'fallback' feature is deprecated, use 'alwaysAvailable' instead (weir.yml:5:5)",
  ]);
});

Deno.test("buildConfig() never tells a secret", () => {
  const error = assertThrows(
    () =>
      buildConfig({
        authInternalUsers: [{ user: "u", pass: "top secret" }],
        hlsCDNSecret: "top secret",
        paths: { cam: { srtReadPassphrase: "top", source: "rtsp://u:top@" } },
      }),
    ConfigError,
  );
  assertEquals(error.message.includes("top"), false, error.message);
  const { config } = buildConfig({
    authInternalUsers: [{ user: "u", pass: "topsecret" }],
  });
  const { given: _, paths: __, ...shown } = config;
  assertEquals(JSON.stringify(shown).includes("topsecret"), false);
});
