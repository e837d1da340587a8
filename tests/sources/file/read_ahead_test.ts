import type { PlacedUnit } from "#sources/file/clip_line.ts";
import { inDecodingOrder } from "#sources/file/read_ahead.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { VIDEO, videoUnit } from "#test/units.ts";

function unitAt(dtsSeconds: number, sizeBytes = 20): PlacedUnit {
  return {
    ...videoUnit(dtsSeconds * 90_000),
    sizeBytes,
    track: VIDEO,
    trackSet: { tracks: [VIDEO], number: 1 },
    dtsSeconds,
    endSeconds: dtsSeconds,
  };
}

/** How many units were asked for, and what came out, after `wanted` of them. */
async function read(
  units: readonly PlacedUnit[],
  wanted = Infinity,
): Promise<{ seconds: number[]; asked: number }> {
  let asked = 0;
  async function* source(): AsyncGenerator<PlacedUnit, void> {
    for (const unit of units) {
      asked++;
      yield await Promise.resolve(unit);
    }
  }
  const seconds: number[] = [];
  for await (const unit of inDecodingOrder(source())) {
    seconds.push(unit.dtsSeconds);
    if (seconds.length === wanted) break;
  }
  return { seconds, asked };
}

Deno.test("inDecodingOrder() sorts units that are less than a second apart", async () => {
  const mixed = [0, 0.5, 0.1, 0.6, 0.2, 1.1, 0.3, 1.6, 1.4, 2.8];
  const { seconds } = await read(mixed.map((one) => unitAt(one)));
  assertEquals(seconds, mixed.toSorted((a, b) => a - b));
});

Deno.test("inDecodingOrder() reads a second ahead, and no further", async () => {
  const units = Array.from({ length: 100 }, (_, i) => unitAt(i / 8));
  assertEquals((await read(units, 5)).asked, 13);
});

Deno.test("inDecodingOrder() holds no more bytes than it may", async () => {
  const units = Array.from(
    { length: 20 },
    (_, i) => unitAt(i / 100, 10 * 1_024 * 1_024),
  );
  assertEquals((await read(units, 1)).asked, 4);
});

Deno.test("inDecodingOrder() holds no more units than it may, however small they are", async () => {
  const units = Array.from({ length: 10_000 }, () => unitAt(1, 0));
  const { asked } = await read(units, 1);
  assert(asked < 5_000, `${asked} units`);
});

Deno.test("inDecodingOrder() lets a clock jump", async () => {
  const jumping = [100, 100.1, 0, 0.1, 5_000, 5_000.1];
  const { seconds } = await read(jumping.map((one) => unitAt(one)));
  assertEquals(seconds.length, jumping.length);
});
