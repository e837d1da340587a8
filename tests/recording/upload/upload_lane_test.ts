import {
  MAX_WAITING_FILES,
  type UploadJob,
  UploadLane,
} from "#recording/upload/upload_lane.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { FakeClock, settled } from "#test/fake_clock.ts";

function jobOf(url: string): UploadJob {
  return { pathName: "cam", file: `/rec/${url}`, folder: "/rec", url };
}

Deno.test("UploadLane uploads two files at a time, in their order", async () => {
  const under: string[] = [];
  const finish = new Map<string, () => void>();
  const lane = new UploadLane({
    clock: new FakeClock(),
    upload: ({ url }) => {
      under.push(url);
      return new Promise((resolve) => finish.set(url, resolve));
    },
    onFailure: () => {},
    onRoom: () => {},
  });
  for (const url of ["a", "b", "c", "a", "c"]) lane.add(jobOf(url));
  await settled();
  assertEquals([under, lane.size], [["a", "b"], 3]);
  finish.get("b")!();
  await settled();
  assertEquals([under, lane.size], [["a", "b", "c"], 2]);
  finish.get("a")!();
  finish.get("c")!();
  await settled();
  assertEquals(lane.size, 0);
  lane.add(jobOf("a"));
  await settled();
  assertEquals(under.at(-1), "a", "it may come again");
  finish.get("a")!();
  lane.stop();
  await lane.settled;
});

Deno.test("UploadLane pauses longer after each failure in a row, five minutes at most", async () => {
  const clock = new FakeClock();
  const pauses: number[] = [];
  let isDown = true;
  const lane = new UploadLane({
    clock,
    upload: () =>
      isDown ? Promise.reject(new Error("down")) : Promise.resolve(),
    onRoom: () => {},
    onFailure: (_, { pauseMs, reason }) => {
      assertEquals(reason, "down");
      pauses.push(pauseMs);
    },
  });
  lane.add(jobOf("a"));
  for (let i = 0; i < 24; i++) {
    await settled();
    clock.advance(300_000);
  }
  assert(Math.max(...pauses) === 300_000, "a longest pause");
  assertEquals(pauses.slice(0, 3), [1_000, 2_000, 4_000]);
  isDown = false;
  clock.advance(300_000);
  await settled();
  assertEquals(lane.size, 0);
  lane.stop();
  await lane.settled;
});

Deno.test("UploadLane cuts off what is under way when it is stopped", async () => {
  const failures: string[] = [];
  const lane = new UploadLane({
    clock: new FakeClock(),
    upload: (_, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      ),
    onFailure: ({ url }) => void failures.push(url),
    onRoom: () => {},
  });
  for (const url of ["a", "b", "c"]) lane.add(jobOf(url));
  await settled();
  lane.stop();
  lane.stop();
  await lane.settled;
  assertEquals(failures, []);
});

Deno.test("UploadLane takes no more than so many files, and says when there is room", async () => {
  const done: string[] = [];
  let isDown = true;
  let rooms = 0;
  const clock = new FakeClock();
  const lane = new UploadLane({
    clock,
    upload: ({ url }) => {
      if (isDown) return Promise.reject(new Error("down"));
      done.push(url);
      return Promise.resolve();
    },
    onFailure: () => {},
    onRoom: () => rooms++,
  });
  const count = MAX_WAITING_FILES + 5;
  for (let i = 0; i < count; i++) lane.add(jobOf(`${i}`));
  assertEquals(lane.size, MAX_WAITING_FILES);
  await settled();
  isDown = false;
  clock.advance(1_000);
  while (lane.size > 0) await settled();
  assertEquals(done.length, MAX_WAITING_FILES);
  assertEquals(rooms, 1, "once, when half of them are there");
  lane.stop();
  await lane.settled;
});
