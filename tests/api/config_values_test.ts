import { z } from "zod";
import { fieldsSchema, printFields } from "#api/config_values.ts";
import { loadConfig } from "#config/load.ts";
import {
  type Config,
  GLOBAL_FIELDS,
  PATH_FIELDS,
} from "#config/root_schema.ts";
import { assert, assertEquals } from "#test/assert.ts";

async function configOf(text: string): Promise<Config> {
  const file = await Deno.makeTempFile({ suffix: ".yml" });
  try {
    await Deno.writeTextFile(file, text);
    return (await loadConfig([file], { environment: {} })).config;
  } finally {
    await Deno.remove(file);
  }
}

const CONFIG = await configOf(`
readTimeout: 90s
writeTimeout: 1d
hlsSegmentMaxSize: 1536K
rtspTransports: [udp, tcp]
apiTrustedProxies: [10.1.2.3, "fd00::/8"]
hlsCDNSecret: topsecret
authInternalUsers:
  - {user: ann, pass: topsecret, ips: [192.0.2.0/24], permissions: [{action: read, path: cam}]}
  - {user: any}
paths:
  cam:
    source: rtsp://ann:topsecret@192.0.2.1/cam
    rtspUDPReadBufferSize: 4096
    srtReadPassphrase: topsecret12
`);

Deno.test("printFields() shows values in the words of files, in order", () => {
  const printed = printFields(GLOBAL_FIELDS, CONFIG, [CONFIG.given.global]);
  const some = Object.fromEntries(
    Object.entries(printed).filter(([key]) => key in SHOWN),
  );
  assertEquals(some, SHOWN);
  const keys = [...GLOBAL_FIELDS].filter(([, { deprecation }]) =>
    deprecation === undefined
  ).map(([key]) => key);
  assertEquals(Object.keys(printed), keys);
});

const SHOWN: Record<string, unknown> = {
  readTimeout: "1m30s",
  writeTimeout: "1d",
  authInternalUsers: [{
    user: "ann",
    pass: "<redacted>",
    ips: ["192.0.2.0/24"],
    permissions: [{ action: "read", path: "cam" }],
  }, { user: "any", pass: "", ips: [], permissions: [] }],
  apiAllowOrigins: ["*"],
  apiTrustedProxies: ["10.1.2.3/32", "fd00::/8"],
  rtspTransports: ["tcp", "udp"],
  hlsSegmentMaxSize: "1.5M",
  hlsCDNSecret: "<redacted>",
};

Deno.test("printFields() shows old keys only where they were given, and no secret", () => {
  const { paths, pathDefaults, given } = CONFIG;
  const cam = paths.get("cam")!;
  const printed = printFields(PATH_FIELDS, cam, [given.paths.get("cam")!]);
  assertEquals(printed["rtspUDPReadBufferSize"], 4_096);
  assertEquals(printed["source"], "rtsp://ann:<redacted>@192.0.2.1/cam");
  assertEquals(printed["srtReadPassphrase"], "<redacted>");
  assertEquals(JSON.stringify(printed).includes("topsecret"), false);
  const defaults = printFields(PATH_FIELDS, pathDefaults, [{}]);
  assertEquals("rtspUDPReadBufferSize" in defaults, false);
});

for (const fields of [GLOBAL_FIELDS, PATH_FIELDS]) {
  Deno.test(`fieldsSchema() takes what printFields() writes, ${fields.size} keys`, () => {
    const shape = fieldsSchema(fields);
    const values = fields === GLOBAL_FIELDS ? CONFIG : CONFIG.pathDefaults;
    const printed = printFields(fields, values, [
      Object.fromEntries([...fields.keys()].map((key) => [key, null])),
    ]);
    const { success, error } = z.strictObject(shape).safeParse(printed);
    assert(success, error?.message);
    assertEquals(Object.keys(shape), [...fields.keys()]);
  });
}
