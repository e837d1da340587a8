import {
  type Continuity,
  ContinuityCounter,
} from "#formats/mpegts/continuity.ts";
import { emptyTsHeader, type TsHeader } from "#formats/mpegts/ts_packet.ts";
import { assertEquals } from "#test/assert.ts";

function checked(
  ...headers: readonly Partial<TsHeader>[]
): { found: Continuity[]; lostPackets: number } {
  const counter = new ContinuityCounter();
  const found = headers.map((fields) =>
    counter.check({ ...emptyTsHeader(), payloadOffsetBytes: 4, ...fields })
  );
  return { found, lostPackets: counter.lostPackets };
}

function counted(...counters: readonly number[]): Partial<TsHeader>[] {
  return counters.map((continuityCounter) => ({ continuityCounter }));
}

Deno.test("ContinuityCounter goes on from any number, round the corner", () => {
  assertEquals(checked(...counted(14, 15, 0, 1)), {
    found: ["next", "next", "next", "next"],
    lostPackets: 0,
  });
});

Deno.test("ContinuityCounter counts what is missing", () => {
  assertEquals(checked(...counted(1, 4, 5, 3)), {
    found: ["next", "gap", "next", "gap"],
    lostPackets: 2 + 13,
  });
});

Deno.test("ContinuityCounter knows a packet that was sent twice", () => {
  assertEquals(checked(...counted(1, 1, 2)).found, [
    "next",
    "repeated",
    "next",
  ]);
});

Deno.test("ContinuityCounter does not count packets without a payload", () => {
  const bare = { continuityCounter: 1, payloadOffsetBytes: 188 };
  assertEquals(checked(...counted(1), bare, ...counted(2)).found, [
    "next",
    "next",
    "next",
  ]);
});

Deno.test("ContinuityCounter lets the numbers jump where the stream says so", () => {
  const jump = { continuityCounter: 9, isDiscontinuity: true };
  const before = counted(1);
  assertEquals(checked(...before, { ...jump, isUnitStart: true }), {
    found: ["next", "next"],
    lostPackets: 0,
  });
  assertEquals(checked(...before, jump), {
    found: ["next", "gap"],
    lostPackets: 0,
  });
  const announced = { ...jump, payloadOffsetBytes: 188 };
  const start = { continuityCounter: 9, isUnitStart: true };
  assertEquals(checked(...before, announced, start).found.at(-1), "next");
});
