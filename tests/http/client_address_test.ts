import { parseIpNetwork } from "#base/ip.ts";
import { clientIp, clientScheme } from "#http/client_address.ts";
import { assertEquals } from "#test/assert.ts";

const PROXIES = [parseIpNetwork("10.0.0.0/8")];

const CASES: readonly {
  readonly name: string;
  readonly socketIp?: string;
  readonly headers: Record<string, string>;
  readonly ip: string;
}[] = [
  { name: "no header", headers: {}, ip: "10.0.0.1" },
  {
    name: "a peer that is no proxy",
    socketIp: "192.0.2.1",
    headers: { "X-Forwarded-For": "198.51.100.7", "X-Real-IP": "198.51.100.8" },
    ip: "192.0.2.1",
  },
  {
    name: "one client",
    headers: { "X-Forwarded-For": "198.51.100.7" },
    ip: "198.51.100.7",
  },
  {
    name: "what a client forged before the proxy's word",
    headers: { "X-Forwarded-For": "127.0.0.1, 198.51.100.7" },
    ip: "198.51.100.7",
  },
  {
    name: "a chain of proxies",
    headers: { "X-Forwarded-For": "198.51.100.7, 10.1.1.1,10.2.2.2" },
    ip: "198.51.100.7",
  },
  {
    name: "nothing but proxies",
    headers: { "X-Forwarded-For": "10.3.3.3, 10.1.1.1" },
    ip: "10.3.3.3",
  },
  {
    name: "IPv6",
    headers: { "X-Forwarded-For": "2001:DB8::1" },
    ip: "2001:db8::1",
  },
  {
    name: "the other header",
    headers: { "X-Real-IP": "198.51.100.8" },
    ip: "198.51.100.8",
  },
  {
    name: "no address",
    headers: { "X-Forwarded-For": "unknown", "X-Real-IP": "10.0.0.0/8" },
    ip: "10.0.0.1",
  },
  {
    name: "more entries than are looked at",
    headers: { "X-Forwarded-For": "198.51.100.7," + "10.1.1.1,".repeat(500) },
    ip: "10.0.0.1",
  },
];

for (const { name, socketIp = "10.0.0.1", headers, ip } of CASES) {
  Deno.test(`clientIp() answers ${ip} for ${name}`, () => {
    assertEquals(clientIp(socketIp, new Headers(headers), PROXIES), ip);
  });
}

Deno.test("clientScheme() believes trusted proxies only", () => {
  const scheme = (socketIp: string, value: string) =>
    clientScheme(
      socketIp,
      new Headers({ "X-Forwarded-Proto": value }),
      PROXIES,
    );
  assertEquals(scheme("10.0.0.1", "https"), "https");
  assertEquals(scheme("10.0.0.1", "HTTP"), "http");
  assertEquals(scheme("10.0.0.1", "javascript"), undefined);
  assertEquals(scheme("198.51.100.9", "https"), undefined);
});
