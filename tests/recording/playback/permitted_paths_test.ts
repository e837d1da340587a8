import { AuthenticationError } from "#base/access.ts";
import { createLogger } from "#base/log.ts";
import { permittedPaths } from "#recording/playback/permitted_paths.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";

const NAMES = Array.from({ length: 1_000 }, (_, i) => `cam${i}`);

/** Asks about {@linkcode NAMES}; a question takes so long. */
function scene(isPermitted: (pathName: string) => boolean, questionMs = 0) {
  const clock = new FakeClock();
  const lines: string[] = [];
  const asked: (readonly [pathName: string, isTentative: boolean])[] = [];
  let atOnce = 0;
  let mostAtOnce = 0;
  const permitted = () =>
    permittedPaths(NAMES, {
      async ask(pathName, isTentative) {
        asked.push([pathName, isTentative]);
        mostAtOnce = Math.max(mostAtOnce, ++atOnce);
        await Promise.resolve();
        clock.advance(questionMs);
        atOnce--;
        if (!isPermitted(pathName)) throw new AuthenticationError("no", false);
      },
      clock,
      logger: createLogger(
        (level, text) => lines.push(`${level}: ${text}`),
        "info",
      ),
    });
  return { permitted, asked, lines, mostAtOnce: () => mostAtOnce };
}

Deno.test("permittedPaths() asks tentatively about every path, some at a time", async () => {
  const { permitted, asked, lines, mostAtOnce } = scene((name) =>
    name.endsWith("7")
  );
  assertEquals(await permitted(), NAMES.filter((name) => name.endsWith("7")));
  assertEquals(asked, NAMES.map((name) => [name, true]));
  assertEquals([mostAtOnce(), lines], [16, []]);
});

Deno.test("permittedPaths() is refused in earnest, once, if every path is", async () => {
  const { permitted, asked } = scene(() => false);
  await assertRejects(permitted(), AuthenticationError);
  assertEquals(asked.slice(NAMES.length), [["cam0", false]]);
});

Deno.test("permittedPaths() asks no longer than five seconds", async () => {
  const { permitted, asked, lines } = scene(() => true, 100);
  const names = await permitted();
  assertEquals(names, NAMES.slice(0, asked.length));
  assert(asked.length >= 50 && asked.length < 70, `${asked.length} questions`);
  assertEquals(lines, [
    `warn: ${
      1_000 - asked.length
    } of 1000 paths are left out of a list: asking for permission takes too long`,
  ]);
});
