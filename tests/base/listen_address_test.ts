import { ParseError } from "#base/errors.ts";
import { parseListenAddress } from "#base/listen_address.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";

const ADDRESSES = [
  { text: ":8554", hostname: "", port: 8_554 },
  { text: "0.0.0.0:1935", hostname: "0.0.0.0", port: 1_935 },
  { text: "[::1]:80", hostname: "::1", port: 80 },
  { text: "[fe80::1%eth0]:80", hostname: "fe80::1%eth0", port: 80 },
  { text: "camera.example:65535", hostname: "camera.example", port: 65_535 },
  { text: "localhost:0", hostname: "localhost", port: 0 },
];

for (const { text, hostname, port } of ADDRESSES) {
  Deno.test(`parseListenAddress() reads ${text}`, () => {
    assertEquals(parseListenAddress(text), { hostname, port });
  });
}

const REJECTED = [
  { text: "", field: "port", offsetBytes: 0 },
  { text: "8554", field: "port", offsetBytes: 4 },
  { text: "localhost:", field: "port", offsetBytes: 10 },
  { text: ":65536", field: "port", offsetBytes: 1 },
  { text: ":-1", field: "port", offsetBytes: 1 },
  { text: ":rtsp", field: "port", offsetBytes: 1 },
  { text: "::1:80", field: "host", offsetBytes: 0 },
  { text: "[]:80", field: "host", offsetBytes: 0 },
  { text: "[::1:80", field: "host", offsetBytes: 0 },
  { text: "[1.2.3.4]:80", field: "host", offsetBytes: 0 },
  { text: "a b:80", field: "host", offsetBytes: 0 },
  { text: "rtsp://a:80", field: "host", offsetBytes: 0 },
  { text: `${"a".repeat(300)}:80`, field: "host", offsetBytes: 0 },
];

for (const { text, field, offsetBytes } of REJECTED) {
  Deno.test(`parseListenAddress() rejects "${text.slice(0, 20)}"`, () => {
    const error = assertThrows(() => parseListenAddress(text), ParseError);
    assertEquals([error.field, error.offsetBytes], [field, offsetBytes]);
  });
}

Deno.test("parseListenAddress() throws nothing but ParseError", () => {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const seeds = ADDRESSES.map(({ text }) => encoder.encode(text));
  for (const bytes of mutations(seeds)) {
    try {
      parseListenAddress(decoder.decode(bytes));
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
