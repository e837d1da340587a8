import { bindHostname, hasIpv6, plainIp } from "#platform/peer_address.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("bindHostname() turns an empty name into all interfaces", () => {
  assertEquals(bindHostname(""), hasIpv6() ? "::" : "0.0.0.0");
  assertEquals(bindHostname("192.0.2.1"), "192.0.2.1");
});

Deno.test("plainIp() takes IPv4 out of its IPv6 form", () => {
  assertEquals(plainIp("::ffff:192.0.2.1"), "192.0.2.1");
  assertEquals(plainIp("192.0.2.1"), "192.0.2.1");
  assertEquals(plainIp("::ffff:1"), "::ffff:1");
});
