import { ParseError } from "#base/errors.ts";
import {
  parseRtpInfo,
  type RtpInfoEntry,
  serializeRtpInfo,
} from "#protocols/rtsp/wire/headers/rtp_info.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";
import { bytesOf, textOf } from "../messages.ts";

const HEADERS: { name: string; text: string; entries: RtpInfoEntry[] }[] = [
  {
    name: "one entry",
    text: "url=rtsp://h:8554/cam/trackID=0;seq=35243;rtptime=717574556",
    entries: [{
      url: "rtsp://h:8554/cam/trackID=0",
      sequenceNumber: 35243,
      timestampTicks: 717574556,
    }],
  },
  {
    name: "two entries, the first with commas in its URL",
    text:
      "url=rtsp://h/a,b?c=d,e;seq=0;rtptime=4294967295,url=rtsp://h/b;seq=65535;rtptime=0",
    entries: [
      {
        url: "rtsp://h/a,b?c=d,e",
        sequenceNumber: 0,
        timestampTicks: 4294967295,
      },
      { url: "rtsp://h/b", sequenceNumber: 65535, timestampTicks: 0 },
    ],
  },
  {
    name: "entries without all numbers",
    text: "url=trackID=0;rtptime=5,url=trackID=1;seq=7,url=trackID=2",
    entries: [
      { url: "trackID=0", timestampTicks: 5 },
      { url: "trackID=1", sequenceNumber: 7 },
      { url: "trackID=2" },
    ],
  },
];

for (const { name, text, entries } of HEADERS) {
  Deno.test(`parseRtpInfo() reads ${name}`, () => {
    assertEquals(parseRtpInfo(text), entries);
    assertEquals(serializeRtpInfo(entries), text);
  });
}

Deno.test("parseRtpInfo() takes spaces, quotes and unknown parameters", () => {
  assertEquals(
    parseRtpInfo(' url="rtsp://h/a" ; x=y; SEQ=1 , URL=b '),
    [{ url: "rtsp://h/a", sequenceNumber: 1 }, { url: "b" }],
  );
});

Deno.test("parseRtpInfo() rejects missing URLs and numbers out of range", () => {
  for (
    const text of [
      "",
      "seq=1",
      "url=",
      "url=a;seq=65536",
      "url=a;seq=",
      "url=a;rtptime=4294967296",
      "url=a;rtptime=-1",
    ]
  ) {
    assertThrows(() => parseRtpInfo(text), ParseError);
  }
});

Deno.test("parseRtpInfo() throws nothing but ParseError on 10,000 mutations", () => {
  for (const bytes of mutations(HEADERS.map(({ text }) => bytesOf(text)))) {
    try {
      parseRtpInfo(textOf(bytes));
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
