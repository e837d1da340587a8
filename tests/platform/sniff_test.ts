import { sniff } from "#platform/sniff.ts";
import { assertEquals } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";
import { FakeTcpConnection } from "#test/fake_tcp.ts";

const encode = (text: string) => new TextEncoder().encode(text);

const TABLE = [
  { kind: "get", bytes: encode("GET ") },
  { kind: "post", bytes: encode("POST ") },
] as const;

const CASES = [
  { text: "GET / HTTP/1.1\r\n", kind: "get" },
  { text: "POST /", kind: "post" },
  { text: "GET ", kind: "get" },
  { text: "GE", kind: undefined },
  { text: "", kind: undefined },
  { text: "PLAY rtsp://h/", kind: undefined },
  { text: "OPTIONS", kind: undefined },
];

for (const { text, kind } of CASES) {
  for (const chunkBytes of [1, 3, 100]) {
    Deno.test(`sniff() tells ${kind} from "${text.slice(0, 10)}" in chunks of ${chunkBytes} and leaves it to be read`, async () => {
      const tcp = new FakeTcpConnection(new FakeClock());
      const bytes = encode(text);
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        tcp.receive(bytes.subarray(at, at + chunkBytes));
      }
      tcp.endInput();
      assertEquals(await sniff(tcp, TABLE), kind);
      const read: number[] = [];
      const into = new Uint8Array(2);
      for (
        let count = await tcp.read(into);
        count !== undefined;
        count = await tcp.read(into)
      ) read.push(...into.subarray(0, count));
      assertEquals(read, [...bytes]);
      assertEquals(tcp.receivedBytes, bytes.length);
    });
  }
}

Deno.test("sniff() waits for no more than it takes to tell", async () => {
  const tcp = new FakeTcpConnection(new FakeClock());
  tcp.receive(encode("DESC"));
  assertEquals(await sniff(tcp, TABLE), undefined);
  tcp.receive(encode("RIBE"));
  assertEquals(await tcp.read(new Uint8Array(10)), 4);
});
