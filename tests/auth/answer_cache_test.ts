import { AnswerCache, MAX_CACHED_ANSWERS } from "#auth/answer_cache.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";
import { FakeClock, START_WALL_MS } from "#test/fake_clock.ts";

/** A cache whose answers hold a second, and what it was asked. */
function openCache() {
  const clock = new FakeClock();
  const cache = new AnswerCache<string>();
  const asked: string[] = [];
  const answerTo = (key: string, ask = () => Promise.resolve(key)) =>
    cache.answerTo(key, {
      nowMs: () => clock.wallMs(),
      holdsMs: 1_000,
      ask: () => {
        asked.push(key);
        return ask();
      },
    });
  return { clock, cache, asked, answerTo };
}

Deno.test("AnswerCache asks again when an answer holds no more", async () => {
  const { clock, asked, answerTo } = openCache();
  const first = { value: "a", expiresAtMs: START_WALL_MS + 1_000 };
  assertEquals(await answerTo("a"), first);
  clock.advance(999);
  assertEquals(await answerTo("a"), first);
  await answerTo("b");
  assertEquals(asked, ["a", "b"]);
  clock.advance(1);
  const { expiresAtMs } = await answerTo("a");
  assertEquals(expiresAtMs, START_WALL_MS + 2_000);
  assertEquals(asked, ["a", "b", "a"]);
});

Deno.test("AnswerCache asks once for many at the same time", async () => {
  const { asked, answerTo } = openCache();
  const { promise, resolve } = Promise.withResolvers<string>();
  const all = Array.from({ length: 10 }, () => answerTo("a", () => promise));
  resolve("yes");
  const values = (await Promise.all(all)).map(({ value }) => value);
  assertEquals([asked, new Set(values)], [["a"], new Set(["yes"])]);
});

Deno.test("AnswerCache keeps no failure", async () => {
  const { asked, answerTo } = openCache();
  const fail = () => Promise.reject(new Error("no answer"));
  await assertRejects(answerTo("a", fail), Error);
  assertEquals((await answerTo("a")).value, "a");
  assertEquals(asked, ["a", "a"]);
});

Deno.test("AnswerCache keeps the newest of too many answers", async () => {
  const { cache, asked, answerTo } = openCache();
  for (let i = 0; i <= MAX_CACHED_ANSWERS; i++) await answerTo(`${i}`);
  assertEquals(cache.size, MAX_CACHED_ANSWERS);
  asked.length = 0;
  await answerTo("1");
  await answerTo("0");
  assertEquals(asked, ["0"]);
});
