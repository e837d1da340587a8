import * as fc from "fast-check";
import { rescaleTicks } from "#base/time.ts";
import { assert, assertEquals } from "#test/assert.ts";

const SCALES = [
  {
    name: "nothing to do",
    ticks: 12.5,
    fromHz: 90_000,
    toHz: 90_000,
    is: 12.5,
  },
  {
    name: "whole seconds",
    ticks: 180_000,
    fromHz: 90_000,
    toHz: 48_000,
    is: 96_000,
  },
  {
    name: "to the nearest tick",
    ticks: 1_024,
    fromHz: 48_000,
    toHz: 1_000,
    is: 21,
  },
  { name: "half a tick up", ticks: 1, fromHz: 2_000, toHz: 1_000, is: 1 },
  { name: "below zero", ticks: -3_600, fromHz: 90_000, toHz: 1_000, is: -40 },
  { name: "NTSC", ticks: 1_001, fromHz: 30_000, toHz: 90_000, is: 3_003 },
  {
    name: "a hundred years",
    ticks: 283_824_000_000_001,
    fromHz: 90_000,
    toHz: 1_000_000,
    is: 3_153_600_000_000_011,
  },
];

for (const { name, ticks, fromHz, toHz, is } of SCALES) {
  Deno.test(`rescaleTicks() converts ${name}`, () => {
    assertEquals(rescaleTicks(ticks, fromHz, toHz), is);
  });
}

Deno.test("rescaleTicks() is never half a tick off, and rises with its input", () => {
  const clock = fc.constantFrom(1_000, 8_000, 44_100, 48_000, 90_000);
  const ticks = fc.integer({ min: -(2 ** 40), max: 2 ** 40 });
  fc.assert(
    fc.property(ticks, clock, clock, (value, fromHz, toHz) => {
      const scaled = rescaleTicks(value, fromHz, toHz);
      assert(Number.isSafeInteger(scaled));
      const errorTicks = Math.abs(scaled - value * toHz / fromHz);
      assert(errorTicks <= 0.5 + 1e-3);
      assert(rescaleTicks(value + 1, fromHz, toHz) >= scaled);
    }),
    { seed: 1 },
  );
});
