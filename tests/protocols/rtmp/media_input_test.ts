import { createLogger } from "#base/log.ts";
import { RtmpMediaInput } from "#protocols/rtmp/media_input.ts";
import type { RtmpMessage } from "#protocols/rtmp/wire/messages.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { START_MONOTONIC_MS } from "#test/fake_clock.ts";
import { CollectingSink, noLimits, testStream, VIDEO } from "#test/units.ts";
import { metadata, picture, videoHeader } from "./messages.ts";

function open() {
  const { stream, clock, warnings } = testStream();
  const sink = new CollectingSink();
  stream.subscribe(sink, noLimits()).resume();
  const refusals: unknown[] = [];
  const input = new RtmpMediaInput({
    clock,
    logger: createLogger((level, text) => {
      warnings.push(`${level}: ${text}`);
    }, "warn"),
    attach: (tracks) => stream.attach(tracks),
    onRefused: (error) => refusals.push(error),
  });
  return { input, sink, clock, lines: warnings as string[], refusals };
}

function timesMs({ batches }: CollectingSink): number[] {
  return batches.flatMap(({ units }) => units)
    .map(({ dtsTicks }) => dtsTicks * 1_000 / VIDEO.clockRateHz);
}

/** Clocks of encoders around the places where they wrap: times of four pictures, 40 ms apart. */
const WRAPS: readonly {
  readonly name: string;
  readonly times: readonly number[];
  /** The time line of the stream is continued, 1 ms behind the last picture. */
  readonly isJump: boolean;
}[] = [
  {
    name: "32 bits",
    times: [0xffffffb0, 0xffffffd8, 0, 40],
    isJump: false,
  },
  {
    name: "24 bits, and goes on [extended timestamps]",
    times: [0xffffb0, 0xffffd8, 0x1000000, 0x1000028],
    isJump: false,
  },
  {
    name: "31 bits, and goes on",
    times: [0x7fffffb0, 0x7fffffd8, 0x80000000, 0x80000028],
    isJump: false,
  },
  {
    name: "24 bits, and begins anew [encoders without extended timestamps]",
    times: [0xffffb0, 0xffffd8, 0, 40],
    isJump: true,
  },
  {
    name: "31 bits, and begins anew [encoders with signed timestamps]",
    times: [0x7fffffb0, 0x7fffffd8, 0, 40],
    isJump: true,
  },
];

for (const { name, times, isJump } of WRAPS) {
  Deno.test(`RtmpMediaInput goes on when the clock of an encoder is at the end of ${name}`, () => {
    const { input, sink, lines } = open();
    input.handleData(metadata({ videocodecid: 7 }));
    input.handleMedia(videoHeader(times[0]));
    for (const [i, timeMs] of times.entries()) {
      input.handleMedia(picture(timeMs, { isRandomAccess: i === 0 }));
    }
    input.flush();
    const [first, second, third, fourth] = timesMs(sink);
    assertEquals([second! - first!, fourth! - third!], [40, 40]);
    const stepMs = third! - second!;
    assert(isJump ? stepMs > 0 && stepMs <= 40 : stepMs === 40, `${stepMs}`);
    assertEquals(
      lines.filter((line) => line.includes("jumped")).length,
      isJump ? 1 : 0,
    );
    input[Symbol.dispose]();
  });
}

Deno.test("RtmpMediaInput counts what cannot be read, and goes on", () => {
  const { input, sink, clock, lines } = open();
  input.handleData(metadata({ videocodecid: 7 }));
  input.handleMedia(videoHeader());
  input.handleMedia(picture(0, { isRandomAccess: true }));
  const broken: RtmpMessage = {
    ...picture(40),
    payload: Uint8Array.of(0x27, 9, 0, 0, 0),
  };
  for (let i = 0; i < 3; i++) input.handleMedia(broken);
  input.handleData({ ...metadata({}), payload: Uint8Array.of(2, 0, 9) });
  input.handleMedia(picture(80));
  input.flush();
  assertEquals(timesMs(sink).length, 2);
  clock.advance(1_000);
  input[Symbol.dispose]();
  assertEquals(lines.length, 2);
  assert(lines[1]!.includes("3 processing errors, last was: "));
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("RtmpMediaInput knows when media came last, and when it was of use", () => {
  const { input, clock } = open();
  assertEquals(input.lastMediaAtMs, START_MONOTONIC_MS);
  clock.advance(100);
  input.handleData(metadata({ videocodecid: 7 }));
  input.handleMedia({ ...picture(0), payload: new Uint8Array(0) });
  input.flush();
  assertEquals(
    input.lastMediaAtMs,
    START_MONOTONIC_MS,
    "nothing of it is media",
  );
  input.handleMedia(videoHeader());
  input.flush();
  assertEquals(input.lastMediaAtMs, START_MONOTONIC_MS + 100);
  assertEquals(input.lastUsedAtMs, START_MONOTONIC_MS + 100);
  clock.advance(100);
  input.handleMedia({ ...picture(0), payload: Uint8Array.of(0x24, 1, 2, 3) });
  input.handleMedia({ ...picture(0), payload: Uint8Array.of(0x27, 9, 0, 0) });
  input.flush();
  assertEquals(input.lastMediaAtMs, START_MONOTONIC_MS + 200);
  assertEquals(
    input.lastUsedAtMs,
    START_MONOTONIC_MS + 100,
    "nobody can decode it",
  );
  assert(input.inboundBytes > 0);
  input[Symbol.dispose]();
});

Deno.test("RtmpMediaInput names a track that it leaves out, and a path that does not take the rest", () => {
  const { clock } = testStream();
  const lines: string[] = [];
  const refusals: unknown[] = [];
  const refusal = new Error("no");
  const input = new RtmpMediaInput({
    clock,
    logger: createLogger(
      (level, text) => lines.push(`${level}: ${text}`),
      "warn",
    ),
    attach: () => {
      throw refusal;
    },
    onRefused: (error) => refusals.push(error),
  });
  input.handleData(metadata({ videocodecid: 7 }));
  input.handleMedia({ ...picture(0), payload: Uint8Array.of(0x24, 1, 2, 3) });
  input.handleMedia(videoHeader());
  input.handleMedia(picture(0, { isRandomAccess: true }));
  assertEquals(refusals, [refusal]);
  assert(lines[0]!.startsWith("warn: skipping video track: codec 4 "));
  input[Symbol.dispose]();
});
