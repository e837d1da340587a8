import { normalizeIp, parseIpNetwork } from "#base/ip.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const NETWORKS = [
  {
    text: "127.0.0.1",
    cidr: "127.0.0.1/32",
    inside: ["127.0.0.1", "::ffff:127.0.0.1"],
    outside: ["127.0.0.2", "::1"],
  },
  {
    text: "10.1.2.3/9",
    cidr: "10.0.0.0/9",
    inside: ["10.127.255.255"],
    outside: ["10.128.0.0", "11.0.0.0"],
  },
  {
    text: "0.0.0.0/0",
    cidr: "0.0.0.0/0",
    inside: ["1.2.3.4"],
    outside: ["::1", "no address", ""],
  },
  {
    text: "::1",
    cidr: "::1/128",
    inside: ["::1", "0:0:0:0:0:0:0:1"],
    outside: ["::2", "0.0.0.1"],
  },
  {
    text: "2001:db8:ffff::1/33",
    cidr: "2001:db8:8000::/33",
    inside: ["2001:db8:8000::5"],
    outside: ["2001:db8::5"],
  },
  {
    text: "fe80::/10",
    cidr: "fe80::/10",
    inside: ["fe80::1%eth0"],
    outside: ["fec0::1"],
  },
  {
    text: "::ffff:10.0.0.9/104",
    cidr: "10.0.0.0/8",
    inside: ["10.9.9.9", "::ffff:10.9.9.9"],
    outside: ["11.0.0.1"],
  },
];

for (const { text, cidr, inside, outside } of NETWORKS) {
  Deno.test(`parseIpNetwork() reads ${text}`, () => {
    const network = parseIpNetwork(text);
    assertEquals(network.toString(), cidr);
    assertEquals(JSON.stringify(network), `"${cidr}"`);
    assertEquals(parseIpNetwork(cidr).toString(), cidr);
    for (const ip of inside) assertEquals(network.contains(ip), true, ip);
    for (const ip of outside) assertEquals(network.contains(ip), false, ip);
  });
}

Deno.test("parseIpNetwork() refuses what is neither address nor CIDR", () => {
  const texts = [
    "",
    "x",
    "1",
    "1.2.3",
    "01.2.3.4",
    "1.2.3.4/33",
    "1.2.3.4/",
    "1.2.3.4/-1",
    "1.2.3.4/8/8",
    "1.2.3.256",
    "::1/129",
    "1::2::3",
    "[::1]",
    "fe80::1%eth0",
    "localhost",
    "1".repeat(100),
  ];
  for (const text of texts) {
    const error = assertThrows(() => parseIpNetwork(text), RangeError);
    assertEquals(error.message, `unable to parse IP/CIDR '${text}'`);
  }
});

Deno.test("normalizeIp() gives each address one text", () => {
  assertEquals(normalizeIp("::ffff:1.2.3.4"), "1.2.3.4");
  assertEquals(normalizeIp("::FFFF:0102:0304"), "1.2.3.4");
  assertEquals(normalizeIp("1.2.3.4"), "1.2.3.4");
  assertEquals(normalizeIp("2001:DB8:0:0:0:0:0:1"), "2001:db8::1");
  assertEquals(normalizeIp("fe80::1%eth0"), "fe80::1%eth0");
  assertEquals(normalizeIp("a name"), "a name");
});
