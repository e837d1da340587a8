import { ConfigError } from "#config/errors.ts";
import { exampleConfig } from "#config/example.ts";
import { mutations } from "#test/splits.ts";
import { buildFromText } from "./helpers.ts";

const SEEDS = [
  `logLevel: info
readTimeout: 10s
authInternalUsers: &users
  - {user: any, pass: "", ips: [127.0.0.1, ::1/128], permissions: [{action: read, path: ~^x}]}
rtspTransports: [udp, tcp]
hlsSegmentMaxSize: 50M
`,
  `pathDefaults: &d {maxReaders: 5, recordPath: "%path/%s"}
paths:
  cam:
    <<: *d
    source: rtsp://user:pass@host:554/x?a=b
    runOnReady: >
      ffmpeg -i x
  "~^cam_(\\\\d+)$": {source: redirect, sourceRedirect: /cam}
  all_others:
`,
  `rtspDisable: no
webrtcICEServers: [stun:a:1, turn:u:p:h:2]
record: yes
paths: {a: {publishUser: u, readIPs: [10.0.0.0/8], fallback: rtsp://x}, b: {forward: [{dest: rtmp://x/$MTX_PATH}]}}
`,
];

Deno.test("buildConfig() answers any text with a configuration or a ConfigError", async () => {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const seeds = SEEDS.map((text) => encoder.encode(text));
  for (const seed of SEEDS) await buildFromText(seed);
  for (const bytes of mutations(seeds, 1_000)) {
    try {
      await buildFromText(decoder.decode(bytes));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
    }
  }
});

Deno.test("buildConfig() answers lines of the example in any order with a configuration or a ConfigError", async () => {
  const lines = exampleConfig().split("\n").filter((line) =>
    !/^\s*#|^$/.test(line)
  );
  for (let step = 2; step < 30; step++) {
    const text = lines.filter((_, i) => i % step !== 1).join("\n");
    try {
      await buildFromText(text);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
    }
  }
});
