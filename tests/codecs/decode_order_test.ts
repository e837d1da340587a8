import { DecodeOrder } from "#codecs/decode_order.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { seededRandom } from "#test/splits.ts";

const FRAME_TICKS = 3_600;

/** PTS in decoding order as multiples of the frame duration; the muxer's DTS is the frame number minus `depth`. */
const ORDERS = [{
  name: "I P P [x264 bframes=0]",
  depth: 0,
  frames: [0, 1, 2, 3, 4, 5, 6, 7],
}, {
  name: "I P B B [x264 bframes=2 b-pyramid=none]",
  depth: 1,
  frames: [0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 10, 13, 11, 12, 16, 14, 15],
}, {
  name: "b-pyramid [x264 bframes=3 b-pyramid=normal]",
  depth: 2,
  frames: [0, 4, 2, 1, 3, 8, 6, 5, 7, 9, 10, 14, 12, 11, 13, 18, 16, 15, 17],
}, {
  name: "open GOP [x264 bframes=2 open-gop=1]",
  depth: 1,
  frames: [0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11, 15, 13, 14, 18, 16, 17],
}, {
  name: "open GOP with pyramid [x265 bframes=4 open-gop=1]",
  depth: 2,
  frames: [0, 5, 3, 1, 2, 4, 10, 8, 6, 7, 9, 12, 11, 17, 15, 13, 14, 16],
}];

function runOf(order: DecodeOrder, frames: readonly number[]): number[] {
  return frames.map((frame) => order.next(frame * FRAME_TICKS) / FRAME_TICKS);
}

function openOrder(depth: number | undefined): DecodeOrder {
  const order = new DecodeOrder();
  order.reorderDepth = depth;
  order.frameDurationTicks = FRAME_TICKS;
  return order;
}

function isRising(values: readonly number[]): boolean {
  return values.every((value, i) => i === 0 || value > values[i - 1]!);
}

for (const { name, depth, frames } of ORDERS) {
  Deno.test(`DecodeOrder gives the muxer's DTS for ${name}`, () => {
    const dts = runOf(openOrder(depth), frames);
    assertEquals(dts, frames.map((_, i) => i - depth));
  });

  Deno.test(`DecodeOrder learns the depth of ${name}`, () => {
    const order = openOrder(undefined);

    const many = [0, 1, 2, 3].flatMap((gop) =>
      frames.map((frame) => frame + gop * (Math.max(...frames) + 1))
    );
    const dts = runOf(order, many);
    const learned = dts.slice(frames.length);
    assert(isRising(learned));
    assert(dts.every((value, i) => value <= many[i]!));
    const last = dts.at(-1)!;
    assert(many.length - 1 - last <= depth + 0.01, "steady state is reached");
  });

  Deno.test(`DecodeOrder keeps DTS rising when any frame of ${name} is lost`, () => {
    for (let lost = 1; lost < frames.length; lost++) {
      const received = frames.filter((_, i) => i !== lost);
      const dts = runOf(openOrder(depth), received);
      assert(isRising(dts), `without frame ${lost}`);
      assert(dts.every((value, i) => value <= received[i]!));
    }
  });

  Deno.test(`DecodeOrder starts anew after a jump in ${name}`, () => {
    for (const jumpFrames of [1_000, -1_000]) {
      const order = openOrder(depth);
      runOf(order, frames);
      const dts = runOf(order, frames.map((frame) => frame + jumpFrames));
      assertEquals(dts, frames.map((_, i) => i - depth + jumpFrames));
    }
  });
}

Deno.test("DecodeOrder takes 3000 ticks for the first units if nothing tells their duration", () => {
  const order = new DecodeOrder();
  order.reorderDepth = 2;
  assertEquals([0, 14_400, 7_200, 3_600].map((pts) => order.next(pts)), [
    -6_000,
    -3_000,
    0,
    3_600,
  ]);
});

Deno.test("DecodeOrder uses the duration it saw after a jump", () => {
  const order = new DecodeOrder();
  order.reorderDepth = 1;
  for (const frame of [0, 2, 1, 4, 3]) order.next(frame * FRAME_TICKS);
  assertEquals(order.next(900_000), 900_000 - FRAME_TICKS);
});

Deno.test("DecodeOrder grows a depth that was announced too low", () => {
  const order = openOrder(0);
  const { frames } = ORDERS[2]!;
  runOf(order, frames);
  const dts = runOf(order, frames.map((frame) => frame + 19));
  assert(isRising(dts));
  order.reorderDepth = 0;
  assert(
    order.next(40 * FRAME_TICKS) < 40 * FRAME_TICKS,
    "learned depth stays",
  );
});

Deno.test("DecodeOrder keeps its depth when a start has leading pictures", () => {
  const order = openOrder(1);
  const dts = runOf(order, [8, 6, 7, 11, 9, 10, 14, 12, 13]);
  assertEquals(dts.slice(3), [8, 9, 10, 11, 12, 13]);
});

Deno.test("DecodeOrder answers the PTS for units of the same PTS", () => {
  assertEquals(runOf(openOrder(0), [0, 0, 1, 1, 2]), [0, 0, 1, 1, 2]);
});

Deno.test("DecodeOrder starts anew when a PTS is behind the whole window", () => {
  const order = openOrder(0);
  const frames = Array.from({ length: 20 }, (_, i) => i);
  runOf(order, frames);
  assertEquals(runOf(order, [2, 3, 4]), [2, 3, 4]);
});

Deno.test("DecodeOrder takes low frame rates without starting anew", () => {
  const order = new DecodeOrder();
  order.reorderDepth = 1;
  order.frameDurationTicks = 90_000;
  const frames = [0, 3, 1, 2, 6, 4, 5];
  const dts = frames.map((frame) => order.next(frame * 90_000) / 90_000);
  assertEquals(dts, frames.map((_, i) => i - 1));
});

Deno.test("DecodeOrder forgets units and learned depth on reset()", () => {
  const order = openOrder(undefined);
  runOf(order, ORDERS[1]!.frames);
  order.reset();
  assertEquals(runOf(order, [0, 1, 2]), [0, 1, 2]);
});

Deno.test("DecodeOrder never exceeds the PTS, whatever arrives", () => {
  const random = seededRandom(7);
  const order = new DecodeOrder();
  let ptsTicks = 0;
  for (let i = 0; i < 20_000; i++) {
    const step = random() < 0.01 ? 1_000_000 : 20_000;
    ptsTicks += Math.floor((random() - 0.45) * step);
    if (random() < 0.01) order.reorderDepth = Math.floor(random() * 20);
    const dtsTicks = order.next(ptsTicks);
    assert(Number.isSafeInteger(dtsTicks) && dtsTicks <= ptsTicks);
  }
});
