import { srtpPayloadOffset } from "#formats/srtp/srtp_packet.ts";
import { assertEquals } from "#test/assert.ts";

const HEADERS = [
  { name: "a plain header", firstByte: 0x80, rest: "", offsetBytes: 12 },
  {
    name: "two sources",
    firstByte: 0x82,
    rest: "0000000100000002",
    offsetBytes: 20,
  },
  {
    name: "an extension of one word",
    firstByte: 0x90,
    rest: "bede000111111111",
    offsetBytes: 20,
  },
  {
    name: "a source and an empty extension",
    firstByte: 0x91,
    rest: "00000001bede0000",
    offsetBytes: 20,
  },
];

for (const { name, firstByte, rest, offsetBytes } of HEADERS) {
  const header = Uint8Array.from([
    firstByte,
    ...new Uint8Array(11),
    ...Uint8Array.fromHex(rest),
  ]);
  Deno.test(`srtpPayloadOffset() skips ${name}`, () => {
    assertEquals(srtpPayloadOffset(header, header.length), offsetBytes);
  });
  Deno.test(`srtpPayloadOffset() answers -1 for every prefix of ${name}`, () => {
    for (let endBytes = 12; endBytes < header.length; endBytes++) {
      assertEquals(srtpPayloadOffset(header, endBytes), -1);
    }
  });
}
