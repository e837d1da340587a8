import { textStream } from "#http/text_stream.ts";
import { assert, assertEquals } from "#test/assert.ts";

Deno.test("textStream() gives all text", async () => {
  for (
    const pieces of [[], ["a"], ["ä\n", "", "b"], ["x".repeat(200_000), "y"]]
  ) {
    const text = await new Response(textStream(pieces.values())).text();
    assertEquals(text, pieces.join(""));
  }
});

Deno.test("textStream() makes no more than is asked for", async () => {
  let made = 0;
  function* endless(): Generator<string> {
    while (true) {
      made++;
      yield "x".repeat(1_024);
    }
  }
  const reader = textStream(endless()).getReader();
  const { value } = await reader.read();
  assertEquals(value!.length, 65_536);
  assert(made <= 3 * 64, `${made} pieces`);
  await reader.cancel();
});
