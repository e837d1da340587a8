import { PlatformError } from "#platform/errors.ts";
import { serializeSockaddr } from "#platform/socket_address.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const ADDRESSES = [
  { ip: "192.0.2.1", isIpv6: false, hex: "02001f90c00002010000000000000000" },
  {
    ip: "::ffff:192.0.2.1",
    isIpv6: false,
    hex: "02001f90c00002010000000000000000",
  },
  {
    ip: "192.0.2.1",
    isIpv6: true,
    hex: "0a001f900000000000000000000000000000ffffc000020100000000",
  },
  {
    ip: "2001:db8::8:800:200C:417a",
    isIpv6: true,
    hex: "0a001f900000000020010db80000000000080800200c417a00000000",
  },
  {
    ip: "::",
    isIpv6: true,
    hex: "0a001f90000000000000000000000000000000000000000000000000",
  },
  {
    ip: "fe80::1%eth0",
    isIpv6: true,
    hex: "0a001f9000000000fe80000000000000000000000000000100000000",
  },
  {
    ip: "1:2:3:4:5:6:7:8",
    isIpv6: true,
    hex: "0a001f90000000000001000200030004000500060007000800000000",
  },
];

for (const { ip, isIpv6, hex } of ADDRESSES) {
  const family = isIpv6 ? "IPv6" : "IPv4";
  Deno.test(`serializeSockaddr() writes ${ip} for an ${family} socket`, () => {
    assertEquals(serializeSockaddr(ip, 8_080, isIpv6).toHex(), hex);
  });
}

Deno.test("serializeSockaddr() refuses what is no address", () => {
  for (
    const ip of [
      "",
      ":",
      "1.2.3",
      "1.2.3.256",
      "::1::2",
      "g::",
      "12345::",
      "a.b.c.d",
    ]
  ) {
    const error = assertThrows(
      () => serializeSockaddr(ip, 1, true),
      PlatformError,
    );
    assertEquals(error.code, "invalid_address", ip);
  }
  assertThrows(() => serializeSockaddr("::1", 1, false), PlatformError);
});
