import { HttpError } from "#http/http_error.ts";
import {
  choiceParameter,
  countParameter,
  durationParameter,
  neededTime,
  timeParameter,
} from "#recording/playback/query.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const parameters = (query: string) => new URLSearchParams(query);

/** What a peer is told. */
function refusal(read: () => unknown): string {
  const { status, message } = assertThrows(read, HttpError);
  assertEquals(status, 400);
  return message;
}

Deno.test("timeParameter() reads a moment, which may be missing", () => {
  const query = "start=2026-03-01T12:00:00.5%2B01:00";
  assertEquals(
    timeParameter(parameters(query), "start"),
    Date.UTC(2026, 2, 1, 11) * 1_000 + 500_000,
  );
  assertEquals(timeParameter(parameters(""), "start"), undefined);
  assertEquals(
    refusal(() => timeParameter(parameters("end=x"), "end")),
    'invalid end: must be a time such as 2026-03-01T12:00:00Z, found "x"',
  );
});

Deno.test("neededTime() must be there", () => {
  assertEquals(
    refusal(() => neededTime(parameters(""), "start")),
    'invalid start: must be a time such as 2026-03-01T12:00:00Z, found ""',
  );
});

const DURATIONS: [text: string, durationUs: number][] = [
  ["10", 10e6],
  ["0.25", 250_000],
  ["12.345678", 12_345_678],
  ["1m30s", 90e6],
  ["1.5s", 1.5e6],
  ["2h", 7_200e6],
];

Deno.test("durationParameter() reads seconds and durations", () => {
  for (const [text, durationUs] of DURATIONS) {
    assertEquals(durationParameter(parameters(`duration=${text}`)), durationUs);
  }
});

Deno.test("durationParameter() refuses what is no span of time", () => {
  const texts = ["", "0", "-1", "x", "1e9", "Infinity", "99999999999", "1x"];
  for (const text of texts) {
    assertEquals(
      refusal(() => durationParameter(parameters(`duration=${text}`))),
      `invalid duration: must be seconds, or such as 1m30s, found "${text}"`,
    );
  }
});

Deno.test("countParameter() reads whole numbers", () => {
  const read = (text: string) => () =>
    countParameter(parameters(`chunk=${text}`), "chunk");
  assertEquals(read("0")(), 0);
  assertEquals(read("1772366400000000")(), 1_772_366_400_000_000);
  for (const text of ["", "-1", "1.5", "1e3", "99999999999999999", "x"]) {
    assertEquals(
      refusal(read(text)),
      `invalid chunk: must be a whole number, found "${text}"`,
    );
  }
});

Deno.test("choiceParameter() knows its words, the first one if it is not there", () => {
  const read = (query: string) =>
    choiceParameter(parameters(query), "format", ["fmp4", "mp4"]);
  assertEquals(read(""), "fmp4");
  assertEquals(read("format=mp4"), "mp4");
  assertEquals(refusal(() => read("format=avi")), "invalid format: avi");
  const long = `format=${"a".repeat(1_000)}`;
  assertEquals(
    refusal(() => read(long)),
    `invalid format: ${"a".repeat(64)}`,
  );
});
