import {
  REPLAY_WINDOW_PACKETS,
  ReplayWindow,
} from "#formats/srtp/replay_window.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("ReplayWindow.accepts() takes each index once, in any order", () => {
  const window = new ReplayWindow();
  for (const index of [10, 12, 11, 9, 100, 50]) {
    assertEquals([index, window.accepts(index)], [index, true]);
    window.add(index);
    assertEquals([index, window.accepts(index)], [index, false]);
  }
  assertEquals(window.highest, 100);
});

Deno.test("ReplayWindow.accepts() refuses what is behind the window", () => {
  const window = new ReplayWindow();
  window.add(1_000);
  assertEquals(window.accepts(1_001 - REPLAY_WINDOW_PACKETS), true);
  assertEquals(window.accepts(1_000 - REPLAY_WINDOW_PACKETS), false);
  assertEquals(window.accepts(0), false);
});

Deno.test("ReplayWindow.accepts() takes index 0 first, and jumps of any size", () => {
  const window = new ReplayWindow();
  assertEquals(window.accepts(0), true);
  window.add(0);
  assertEquals(window.accepts(2 ** 47), true);
  window.add(2 ** 47);
  assertEquals(window.accepts(2 ** 47 - 1), true);
  assertEquals(window.accepts(0), false);
});
