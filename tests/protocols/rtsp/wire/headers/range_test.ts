import { ParseError } from "#base/errors.ts";
import {
  parseRange,
  type RtspRange,
  serializeClockRange,
  serializeNptRange,
} from "#protocols/rtsp/wire/headers/range.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";
import { bytesOf, textOf } from "../messages.ts";

const RANGES: { text: string; range: RtspRange }[] = [
  { text: "npt=0-", range: { kind: "npt", start: 0, endSeconds: undefined } },
  {
    text: "npt=0.000-",
    range: { kind: "npt", start: 0, endSeconds: undefined },
  },
  {
    text: "npt=now-",
    range: { kind: "npt", start: "now", endSeconds: undefined },
  },
  {
    text: "npt=123.45-125",
    range: { kind: "npt", start: 123.45, endSeconds: 125 },
  },
  {
    text: "npt=12:05:35.3-",
    range: { kind: "npt", start: 43535.3, endSeconds: undefined },
  },
  { text: "npt=-20", range: { kind: "npt", start: undefined, endSeconds: 20 } },
  {
    text: "NPT = 5-;time=19970123T143720Z",
    range: { kind: "npt", start: 5, endSeconds: undefined },
  },
  {
    text: "clock=19961108T142300Z-19961108T143520.25Z",
    range: {
      kind: "clock",
      startMs: Date.UTC(1996, 10, 8, 14, 23),
      endMs: Date.UTC(1996, 10, 8, 14, 35, 20, 250),
    },
  },
  {
    text: "clock=20260101T000000Z-",
    range: { kind: "clock", startMs: Date.UTC(2026, 0, 1), endMs: undefined },
  },
  {
    text: "smpte=10:12:33:20-",
    range: {
      kind: "smpte",
      numbering: "smpte",
      start: { seconds: 36753, frames: 20, subframes: 0 },
      end: undefined,
    },
  },
  {
    text: "smpte-25=10:07:00-10:07:33:05.01",
    range: {
      kind: "smpte",
      numbering: "smpte-25",
      start: { seconds: 36420, frames: 0, subframes: 0 },
      end: { seconds: 36453, frames: 5, subframes: 1 },
    },
  },
];

for (const { text, range } of RANGES) {
  Deno.test(`parseRange() reads ${text}`, () => {
    assertEquals(parseRange(text), range);
  });
}

Deno.test("parseRange() rejects other units and times", () => {
  const texts = [
    "",
    "npt",
    "npt=",
    "npt=-",
    "npt=5",
    "npt=a-",
    "npt=1-2-3",
    "npt=1:2-",
    "npt=1:60:00-",
    "npt=1e3-",
    "0-",
    "bytes=0-1",
    "clock=-",
    "clock=1996-",
    "clock=19961308T142300Z-",
    "clock=19961108T142300-",
    "smpte=-",
    "smpte=1:2-",
    "smpte-24=0:0:0-",
  ];
  for (const text of texts) {
    assertThrows(() => parseRange(text), ParseError);
  }
});

Deno.test("serializeNptRange() writes an open range", () => {
  assertEquals(serializeNptRange(0), "npt=0-");
  assertEquals(serializeNptRange(1.5), "npt=1.5-");
  assertEquals(serializeNptRange("now"), "npt=now-");
});

Deno.test("parseRange() throws nothing but ParseError on 10,000 mutations", () => {
  for (const bytes of mutations(RANGES.map(({ text }) => bytesOf(text)))) {
    try {
      parseRange(textOf(bytes));
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});

Deno.test("serializeClockRange() writes what parseRange() reads", () => {
  const startMs = Date.UTC(2026, 10, 21, 17, 5, 9, 250);
  assertEquals(serializeClockRange(startMs), "clock=20261121T170509.250Z-");
  assertEquals(parseRange(serializeClockRange(startMs)), {
    kind: "clock",
    startMs,
    endMs: undefined,
  });
});
