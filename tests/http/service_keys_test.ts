import { parseIpNetwork } from "#base/ip.ts";
import {
  changeFor,
  type ServiceConfig,
  serviceKeys,
  serviceOptions,
} from "#http/service_keys.ts";
import { assertEquals } from "#test/assert.ts";

const CONFIG: ServiceConfig<"api"> = {
  apiAddress: ":1",
  apiEncryption: true,
  apiServerKey: "a.key",
  apiServerCert: "a.crt",
  apiAllowOrigins: ["*"],
  apiTrustedProxies: [parseIpNetwork("10.0.0.0/8")],
  readTimeoutMs: 1,
  writeTimeoutMs: 2,
};

Deno.test("serviceOptions() reads the keys of a prefix, and names them", () => {
  assertEquals(serviceOptions("api", CONFIG), {
    address: ":1",
    addressKey: "apiAddress",
    encryption: true,
    serverKey: "a.key",
    serverCert: "a.crt",
    certificateKeys: { key: "apiServerKey", certificate: "apiServerCert" },
    allowOrigins: ["*"],
    trustedProxies: CONFIG.apiTrustedProxies,
    readTimeoutMs: 1,
    writeTimeoutMs: 2,
  });
});

/** Another value for each key. */
const CHANGES: Partial<ServiceConfig<"api">>[] = [
  { apiAddress: ":2" },
  { apiEncryption: false },
  { apiServerKey: "b.key" },
  { apiServerCert: "b.crt" },
  { apiAllowOrigins: [] },
  { apiTrustedProxies: [parseIpNetwork("11.0.0.0/8")] },
  { readTimeoutMs: 9 },
  { writeTimeoutMs: 9 },
];

for (const change of CHANGES) {
  Deno.test(`changeFor() sees another ${Object.keys(change)}`, () => {
    const keys = serviceKeys("api");
    assertEquals(changeFor(keys, CONFIG, { ...CONFIG }), "done");
    assertEquals(changeFor(keys, CONFIG, { ...CONFIG, ...change }), "restart");
  });
}
