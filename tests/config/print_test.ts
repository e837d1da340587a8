import type { RawObject } from "#base/schema.ts";
import { buildConfig } from "#config/build.ts";
import { Origins } from "#config/errors.ts";
import { printConfig } from "#config/print.ts";
import { assert, assertEquals } from "#test/assert.ts";

function printed(raw: RawObject, origins = new Origins()): string {
  return printConfig(buildConfig(raw, origins).config, origins);
}

Deno.test("printConfig() never prints a secret", () => {
  const text = printed({
    authInternalUsers: [{ user: "a", pass: "SECRET" }],
    hlsCDNSecret: "SECRET",
    webrtcICEServers2: [{ url: "turn:x", username: "u", password: "SECRET" }],
    runOnConnect: "curl http://u:SECRET@h/?token=SECRET",
    pathDefaults: { srtReadPassphrase: "SECRET-SECRET" },
    paths: {
      a: {
        source: "rtsp://u:SECRET@h/x",
        forward: [{ dest: "whip://h/x", whipBearerToken: "SECRET" }],
      },
    },
  });
  assert(!text.includes("SECRET"), text);
  assertEquals(text.split("<redacted>").length, 9);
});

Deno.test("printConfig() tells an empty secret from one that is set", () => {
  assertEquals(
    printed({
      hlsCDNSecret: "",
      authInternalUsers: [{ user: "any", pass: "" }],
    }),
    'authInternalUsers:\n  - user: any\n    pass: ""\nhlsCDNSecret: ""\n',
  );
});

Deno.test("printConfig() says where values are from", () => {
  const origins = new Origins();
  origins.set(["rtmp"], { file: "a.yml", place: { line: 1, column: 2 } });
  origins.set(["rtsp"], { variable: "MTX_RTSP" });
  origins.set(["paths"], { file: "a.api.yml" });
  assertEquals(
    printed(
      { rtmp: true, rtsp: false, srt: true, paths: { a: null } },
      origins,
    ),
    "rtsp: no # MTX_RTSP\nrtmp: yes # a.yml:1:2\nsrt: yes\npaths:\n  a: {} # a.api.yml\n",
  );
});
