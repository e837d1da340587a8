import { ConfigError } from "#config/errors.ts";
import type { Config } from "#config/root_schema.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";
import { buildFromText } from "./helpers.ts";

type Read = (config: Config) => unknown;

const users: Read = ({ authInternalUsers }) =>
  authInternalUsers.map(({ user, pass, permissions }) => [
    user,
    pass.reveal(),
    permissions.map(({ action, path }) => `${action} ${path}`).join(),
  ]);

const ANY_USER =
  "authInternalUsers: [{user: bob, pass: x, permissions: [{action: read}]}]";
const LOCAL_USER = ["any", "", "api ,metrics ,pprof "];
const EVERYBODY = ["any", "", "publish ,read ,playback "];

/** File, variables, what to look at, and what it is. */
const OVERRIDES: [
  name: string,
  text: string,
  environment: Record<string, string>,
  read: Read,
  expected: unknown,
][] = [
  ["a text", "", { MTX_RTSPADDRESS: ":1" }, (c) => c.rtspAddress, ":1"],
  [
    "a text over that of the file",
    "rtspAddress: :2",
    { MTX_RTSPADDRESS: ":1" },
    (c) => c.rtspAddress,
    ":1",
  ],
  [
    "our own prefix last",
    "",
    { RTSP_RTSPADDRESS: ":1", MTX_RTSPADDRESS: ":2", WEIR_RTSPADDRESS: ":3" },
    (c) => c.rtspAddress,
    ":3",
  ],
  [
    "the old prefix first",
    "",
    { RTSP_RTSPADDRESS: ":1", MTX_RTSPADDRESS: ":2" },
    (c) => c.rtspAddress,
    ":2",
  ],
  [
    "the old prefix alone",
    "",
    { RTSP_RTSPADDRESS: ":1" },
    (c) => c.rtspAddress,
    ":1",
  ],
  ["an empty text", "", { MTX_HLSDIRECTORY: "" }, (c) => c.hlsDirectory, ""],
  ["yes", "", { MTX_API: "YES" }, (c) => c.api, true],
  ["no", "", { MTX_RTSP: "no" }, (c) => c.rtsp, false],
  [
    "a number",
    "",
    { MTX_WRITEQUEUESIZE: "1024" },
    (c) => c.writeQueueSize,
    1024,
  ],
  ["a duration", "", { MTX_READTIMEOUT: "1m" }, (c) => c.readTimeoutMs, 60_000],
  [
    "a size",
    "",
    { MTX_HLSSEGMENTMAXSIZE: "1M" },
    (c) => c.hlsSegmentMaxSizeBytes,
    1_048_576,
  ],
  ["a word", "", { MTX_LOGLEVEL: "debug" }, (c) => c.logLevel, "debug"],
  [
    "true for encryption",
    "",
    { MTX_RTSPENCRYPTION: "true" },
    (c) => c.rtspEncryption,
    "strict",
  ],
  [
    "false for encryption",
    "",
    { MTX_RTMPENCRYPTION: "false" },
    (c) => c.rtmpEncryption,
    "no",
  ],
  [
    "a list of words",
    "",
    { MTX_RTSPTRANSPORTS: "tcp,udp" },
    (c) => c.rtspTransports,
    ["tcp", "udp"],
  ],
  [
    "a list of networks",
    "",
    { MTX_RTSPTRUSTEDPROXIES: "10.0.0.1,::1" },
    (c) => c.rtspTrustedProxies.map(String),
    ["10.0.0.1/32", "::1/128"],
  ],
  [
    "an empty list",
    "",
    { MTX_APIALLOWORIGINS: "" },
    (c) => c.apiAllowOrigins,
    [],
  ],
  [
    "blanks in a list",
    "",
    { MTX_APIALLOWORIGINS: "a, b" },
    (c) => c.apiAllowOrigins,
    ["a", " b"],
  ],
  [
    "a field of a user of the file",
    ANY_USER,
    { MTX_AUTHINTERNALUSERS_0_USER: "eve" },
    users,
    [["eve", "x", "read "]],
  ],
  [
    "a field of a default user",
    "",
    { MTX_AUTHINTERNALUSERS_0_USER: "eve" },
    users,
    [["eve", ...EVERYBODY.slice(1)], LOCAL_USER],
  ],
  [
    "a new user with permissions",
    ANY_USER,
    {
      MTX_AUTHINTERNALUSERS_1_USER: "eve",
      MTX_AUTHINTERNALUSERS_1_PERMISSIONS_0_ACTION: "publish",
      MTX_AUTHINTERNALUSERS_1_PERMISSIONS_0_PATH: "cam",
    },
    users,
    [["bob", "x", "read "], ["eve", "", "publish cam"]],
  ],
  [
    "a new permission",
    ANY_USER,
    { MTX_AUTHINTERNALUSERS_0_PERMISSIONS_1_ACTION: "publish" },
    users,
    [["bob", "x", "read ,publish "]],
  ],
  [
    "nothing after a gap",
    ANY_USER,
    { MTX_AUTHINTERNALUSERS_2_USER: "eve" },
    users,
    [["bob", "x", "read "]],
  ],
  [
    "an emptied list of users",
    ANY_USER,
    { MTX_AUTHINTERNALUSERS: "" },
    users,
    [],
  ],
  [
    "a list of users made anew",
    ANY_USER,
    { MTX_AUTHINTERNALUSERS: "", MTX_AUTHINTERNALUSERS_0_USER: "eve" },
    users,
    [["eve", "", ""]],
  ],
  [
    "a default of paths",
    "paths: {cam: {}}",
    { MTX_PATHDEFAULTS_MAXREADERS: "4" },
    (c) => c.paths.get("cam")!.maxReaders,
    4,
  ],
  [
    "a new path",
    "",
    { MTX_PATHS_CAM_MAXREADERS: "4" },
    (c) => c.paths.get("cam")!.maxReaders,
    4,
  ],
  [
    "a path of the file",
    "paths: {cam: {maxReaders: 1, gopCache: no}}",
    { WEIR_PATHS_CAM_MAXREADERS: "4" },
    (c) => [c.paths.get("cam")!.maxReaders, c.paths.get("cam")!.gopCache],
    [4, false],
  ],
  [
    "a path that is null in the file",
    "paths: {cam: }",
    { MTX_PATHS_CAM_MAXREADERS: "4" },
    (c) => c.paths.get("cam")!.maxReaders,
    4,
  ],
  [
    "a list of a path",
    "paths: {cam: }",
    { MTX_PATHS_CAM_FORWARD_0_DEST: "rtsp://x" },
    (c) => c.paths.get("cam")!.forward[0]!.dest,
    "rtsp://x",
  ],
  [
    "numbers of a path",
    "paths: {cam: }",
    { MTX_PATHS_CAM_RTSPUDPSOURCEPORTRANGE: "1,2" },
    (c) => c.paths.get("cam")!.rtspUDPSourcePortRange,
    [1, 2],
  ],
  ["all", "", { MTX_PATHS_ALL_MAXREADERS: "4" }, (c) => [...c.paths.keys()], [
    "all",
  ]],
  [
    "no path whose name is not in capitals",
    "",
    { MTX_PATHS_Cam_MAXREADERS: "4" },
    (c) => c.paths.size,
    0,
  ],
  ["an old key", "", { MTX_PROTOCOLS: "tcp" }, (c) => c.rtspTransports, [
    "tcp",
  ]],
  [
    "an old key that is a list now",
    "",
    { MTX_APIALLOWORIGIN: "a,b" },
    (c) => c.apiAllowOrigins,
    ["a,b"],
  ],
  [
    "an old list of ICE servers",
    "",
    { MTX_WEBRTCICESERVERS: "stun:a:1" },
    (c) => c.webrtcICEServers2.map(({ url }) => url),
    ["stun:a:1"],
  ],
  [
    "an old credential of a path",
    "",
    { MTX_PATHS_CAM_PUBLISHUSER: "bob" },
    (c) => c.authInternalUsers[2]!.user,
    "bob",
  ],
  [
    "an old global record key",
    "paths: {cam: }",
    { MTX_RECORD: "yes" },
    (c) => c.paths.get("cam")!.record,
    true,
  ],
  [
    "nothing from names that are no keys",
    "",
    { MTX_NOSUCHKEY: "x", MTX_AUTHMETHODX: "x", MTX_CONFKEY: "", OTHER: "x" },
    (c) => c.authMethod,
    "internal",
  ],
  [
    "nothing from names of objects",
    "",
    { MTX_PATHS___PROTO___X: "x", MTX_CONSTRUCTOR: "x" },
    (c) => c.paths.size,
    0,
  ],
];

for (const [name, text, environment, read, expected] of OVERRIDES) {
  Deno.test(`applyEnvironment() sets ${name}`, async () => {
    const { config } = await buildFromText(text, environment);
    assertEquals(read(config), expected);
  });
}

/** Variables, and the refusals. */
const REFUSED: [environment: Record<string, string>, ...lines: string[]][] = [
  [{ MTX_API: "maybe" }, "api: MTX_API: invalid value 'maybe'"],
  [{ MTX_API: "" }, "api: MTX_API: invalid value ''"],
  [
    { MTX_WRITEQUEUESIZE: "x" },
    "writeQueueSize: MTX_WRITEQUEUESIZE: invalid value 'x'",
  ],
  [
    { MTX_READTIMEOUT: "x" },
    'readTimeout: MTX_READTIMEOUT: time: invalid duration "x"',
  ],
  [
    { MTX_AUTHMETHOD: "" },
    "authMethod: MTX_AUTHMETHOD: invalid authMethod: ''",
  ],
  [{ WEIR_LOGLEVEL: "x" }, "logLevel: WEIR_LOGLEVEL: invalid log level: 'x'"],
  [
    { MTX_RTSPTRANSPORTS: "tcp,x" },
    "rtspTransports[1]: MTX_RTSPTRANSPORTS: invalid transport: x",
  ],
  [
    { MTX_AUTHINTERNALUSERS_0_PERMISSIONS_0_ACTION: "fly" },
    "authInternalUsers[0].permissions[0].action: MTX_AUTHINTERNALUSERS_0_PERMISSIONS_0_ACTION: invalid auth action: 'fly'",
  ],
  [
    { MTX_AUTHINTERNALUSERS: "bob" },
    "authInternalUsers: MTX_AUTHINTERNALUSERS: invalid value 'bob'",
  ],
  [
    { MTX_PATHS_CAM_SOURCE: "x" },
    "paths.cam.source: MTX_PATHS_CAM_SOURCE: invalid source: 'x'",
  ],
  [{ MTX_PROTOCOLS: "x" }, "protocols[0]: MTX_PROTOCOLS: invalid transport: x"],
  [
    { MTX_API: "maybe", MTX_LOGLEVEL: "x" },
    "api: MTX_API: invalid value 'maybe'",
    "logLevel: MTX_LOGLEVEL: invalid log level: 'x'",
  ],
];

for (const [environment, ...lines] of REFUSED) {
  Deno.test(`applyEnvironment() refuses ${JSON.stringify(environment)}`, async () => {
    const { message } = await assertRejects(
      buildFromText("", environment),
      ConfigError,
    );
    assertEquals(
      message.split("\n"),
      lines.map((line) => `Cannot use config key ${line}`),
    );
  });
}
