import { ParseError } from "#base/errors.ts";
import { parseIpNetwork } from "#base/ip.ts";
import { PlatformError } from "#platform/errors.ts";
import {
  parseProxyHeaderV1,
  parseProxyHeaderV2,
  readProxyHeader,
} from "#platform/proxy_protocol.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";
import { FakeTcpConnection } from "#test/fake_tcp.ts";
import { mutations } from "#test/splits.ts";

const encode = (text: string) => new TextEncoder().encode(text);

const PROXY_IP = "10.1.2.3";

const SIGNATURE = "0d0a0d0a000d0a515549540a";
const IPV4_ADDRESSES = "c0000207" + "c0000201" + "9c40" + "216a";
const IPV6_ADDRESSES = "20010db8000000000000000000000007" +
  "20010db8000000000000000000000001" + "9c40" + "216a";
const TLVS = "04" + "0003" + "aabbcc" + "02" + "0001" + "78";

const V1 = parseProxyHeaderV1;
const V2 = parseProxyHeaderV2;

const v2 = (hex: string) => Uint8Array.fromHex(SIGNATURE + hex);

/** Headers, and whom they tell. */
const HEADERS = [
  {
    name: "TCP4 in text",
    parse: V1,
    bytes: encode("PROXY TCP4 192.0.2.7 192.0.2.1 40000 8554\r\n"),
    source: { ip: "192.0.2.7", port: 40_000 },
  },
  {
    name: "TCP6 in text",
    parse: V1,
    bytes: encode("PROXY TCP6 2001:DB8:0:0::7 ::1 40000 8554\r\n"),
    source: { ip: "2001:db8::7", port: 40_000 },
  },
  {
    name: "IPv4 in IPv6 in text",
    parse: V1,
    bytes: encode("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n"),
    source: { ip: "192.0.2.7", port: 1 },
  },
  {
    name: "UNKNOWN in text",
    parse: V1,
    bytes: encode("PROXY UNKNOWN\r\n"),
    source: undefined,
  },
  {
    name: "UNKNOWN with addresses in text",
    parse: V1,
    bytes: encode(
      `PROXY UNKNOWN ${"f".repeat(39)} ${"f".repeat(39)} 65535 65535\r\n`,
    ),
    source: undefined,
  },
  {
    name: "TCP over IPv4",
    parse: V2,
    bytes: v2("21" + "11" + "000c" + IPV4_ADDRESSES),
    source: { ip: "192.0.2.7", port: 40_000 },
  },
  {
    name: "TCP over IPv6",
    parse: V2,
    bytes: v2("21" + "21" + "0024" + IPV6_ADDRESSES),
    source: { ip: "2001:db8::7", port: 40_000 },
  },
  {
    name: "TCP over IPv4 with TLVs",
    parse: V2,
    bytes: v2("21" + "11" + "0016" + IPV4_ADDRESSES + TLVS),
    source: { ip: "192.0.2.7", port: 40_000 },
  },
  {
    name: "LOCAL",
    parse: V2,
    bytes: v2("20" + "00" + "0000"),
    source: undefined,
  },
  {
    name: "LOCAL with addresses of no known family",
    parse: V2,
    bytes: v2("20" + "f1" + "000c" + IPV4_ADDRESSES),
    source: undefined,
  },
  {
    name: "an unspecified family with TLVs",
    parse: V2,
    bytes: v2("21" + "00" + "000a" + TLVS),
    source: undefined,
  },
  {
    name: "UNIX",
    parse: V2,
    bytes: v2("21" + "31" + "00d8" + "2f".repeat(216)),
    source: undefined,
  },
] as const;

for (const { name, parse, bytes, source } of HEADERS) {
  Deno.test(`${parse.name}() reads ${name} as soon as it is complete`, () => {
    const longer = Uint8Array.of(...bytes, 1, 2, 3);
    assertEquals(parse(longer), { sizeBytes: bytes.length, source });
    for (let length = 0; length < bytes.length; length++) {
      assertEquals(parse(bytes.subarray(0, length)), undefined);
    }
  });
}

/** Headers that are none, and the field at fault. */
const WRONG = [
  [V1, encode("PROXY TCP4 192.0.2.7 192.0.2.1 40000 8554\n"), "line"],
  [V1, encode(`PROXY UNKNOWN ${"x".repeat(200)}`), "line"],
  [V1, encode(`PROXY UNKNOWN ${"x".repeat(100)}\r\n`), "line"],
  [V1, encode("PROXY UDP4 192.0.2.7 192.0.2.1 40000 8554\r\n"), "family"],
  [V1, encode("PROXY \r\n"), "family"],
  [V1, encode("PROXY TCP4 192.0.2.7 192.0.2.1 40000\r\n"), "line"],
  [V1, encode("PROXY TCP4 192.0.2.7 192.0.2.1 1 2 3\r\n"), "line"],
  [V1, encode("PROXY TCP4 ::1 192.0.2.1 1 2\r\n"), "source address"],
  [V1, encode("PROXY TCP4 192.0.2.0/24 192.0.2.1 1 2\r\n"), "source address"],
  [V1, encode("PROXY TCP4 a.b.c.d 192.0.2.1 1 2\r\n"), "source address"],
  [V1, encode("PROXY TCP6 192.0.2.7 ::1 1 2\r\n"), "source address"],
  [V1, encode("PROXY TCP4 192.0.2.7 x 1 2\r\n"), "destination address"],
  [V1, encode("PROXY TCP4 192.0.2.7 192.0.2.1 65536 2\r\n"), "source port"],
  [V1, encode("PROXY TCP4 192.0.2.7 192.0.2.1 -1 2\r\n"), "source port"],
  [V1, encode("PROXY TCP4 192.0.2.7 192.0.2.1 1 x\r\n"), "destination port"],
  [V2, v2("11110000"), "version and command"],
  [V2, v2("22110000"), "version and command"],
  [V2, v2("21410000"), "family and protocol"],
  [V2, v2("2111000b"), "length"],
  [V2, v2("21111001"), "length"],
  [V2, v2("20001001"), "length"],
] as const;

for (const [parse, bytes, field] of WRONG) {
  const shown = new TextDecoder("latin1").decode(bytes).slice(0, 40);
  Deno.test(`${parse.name}() refuses ${JSON.stringify(shown)}`, () => {
    assertEquals(assertThrows(() => parse(bytes), ParseError).field, field);
  });
}

Deno.test("parseProxyHeaderV1() and V2() throw nothing but ParseError on 10,000 mutations", () => {
  for (const parse of [V1, V2]) {
    const seeds = HEADERS.filter((one) => one.parse === parse)
      .map(({ bytes }) => bytes);
    for (const mutation of mutations(seeds)) {
      try {
        const header = parse(mutation);
        assert(header === undefined || header.sizeBytes <= mutation.length);
      } catch (error) {
        assert(error instanceof ParseError, String(error));
      }
    }
  }
});

const TRUSTED = [parseIpNetwork("10.0.0.0/8")];

function openConnection(ip = PROXY_IP): FakeTcpConnection {
  return new FakeTcpConnection(new FakeClock(), { ip, port: 5_000 });
}

async function readRest(tcp: FakeTcpConnection): Promise<string> {
  tcp.endInput();
  const into = new Uint8Array(1_000);
  let text = "";
  for (
    let count = await tcp.read(into);
    count !== undefined;
    count = await tcp.read(into)
  ) text += new TextDecoder().decode(into.subarray(0, count));
  return text;
}

for (const { name, bytes, source } of HEADERS) {
  for (const chunkBytes of [1, 7, 10_000]) {
    Deno.test(`readProxyHeader() takes ${name} in chunks of ${chunkBytes}, no byte more`, async () => {
      const tcp = openConnection();
      const all = Uint8Array.of(...bytes, ...encode("OPTIONS"));
      for (let at = 0; at < all.length; at += chunkBytes) {
        tcp.receive(all.subarray(at, at + chunkBytes));
      }
      await readProxyHeader(tcp, { trusted: TRUSTED });
      assertEquals(tcp.peer, source ?? { ip: PROXY_IP, port: 5_000 });
      assertEquals(await readRest(tcp), "OPTIONS");
    });
  }
}

Deno.test("readProxyHeader() takes the header of a stranger and does not believe it", async () => {
  for (const { bytes } of HEADERS) {
    const tcp = openConnection("192.0.2.99");
    tcp.receive(Uint8Array.of(...bytes, ...encode("OPTIONS")));
    await readProxyHeader(tcp, { trusted: TRUSTED });
    assertEquals(tcp.peer, { ip: "192.0.2.99", port: 5_000 });
    assertEquals(await readRest(tcp), "OPTIONS");
  }
});

for (const text of ["OPTIONS", "PROX", "PROXIES", "\r\n\r\n\0\r\nQUIZ", ""]) {
  Deno.test(`readProxyHeader() takes a peer as it is that sends ${JSON.stringify(text)}`, async () => {
    const tcp = openConnection();
    tcp.receive(encode(text));
    tcp.endInput();
    await readProxyHeader(tcp, { trusted: TRUSTED });
    assertEquals(tcp.peer, { ip: PROXY_IP, port: 5_000 });
    assertEquals(await readRest(tcp), text);
  });
}

Deno.test("readProxyHeader() closes a connection with a wrong header", async () => {
  const tcp = openConnection();
  tcp.receive(encode("PROXY SCTP\r\n"));
  await assertRejects(readProxyHeader(tcp, { trusted: TRUSTED }), ParseError);
  assertEquals(tcp.isClosed, true);
});

Deno.test("readProxyHeader() closes a connection that ends within the header", async () => {
  const tcp = openConnection();
  tcp.receive(encode("PROXY TCP4 "));
  tcp.endInput();
  const error = await assertRejects(
    readProxyHeader(tcp, { trusted: TRUSTED }),
    PlatformError,
  );
  assertEquals(
    error.message,
    "Cannot read the PROXY header of 10.1.2.3: the peer closed the connection",
  );
  assertEquals(tcp.isClosed, true);
});

for (const text of ["", "PRO", "PROXY TCP4 "]) {
  Deno.test(`readProxyHeader() waits only so long behind ${JSON.stringify(text)}`, async () => {
    const tcp = openConnection();
    tcp.receive(encode(text));
    const options = { trusted: TRUSTED, timeoutMs: 5 };
    const error = await assertRejects(
      readProxyHeader(tcp, options),
      PlatformError,
    );
    assertEquals([error.code, tcp.isClosed], ["timeout", true]);
    assertEquals(
      error.message,
      "Cannot read the PROXY header of 10.1.2.3: it takes over 0.005 s",
    );
  });
}

Deno.test("readProxyHeader() ends with its signal", async () => {
  const tcp = openConnection();
  const abort = new AbortController();
  const reading = readProxyHeader(tcp, {
    trusted: TRUSTED,
    signal: abort.signal,
  });
  abort.abort(new RangeError("enough"));
  await assertRejects(reading, RangeError);
  assertEquals(tcp.isClosed, true);
  const late = openConnection();
  const options = { trusted: TRUSTED, signal: abort.signal };
  await assertRejects(readProxyHeader(late, options), RangeError);
  assertEquals(late.isClosed, true);
});
