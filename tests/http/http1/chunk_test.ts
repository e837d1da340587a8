import { chunkOf, LAST_CHUNK, sharedChunkOf } from "#http/http1/chunk.ts";
import { assert, assertEquals } from "#test/assert.ts";

const decoder = new TextDecoder("latin1");

Deno.test("chunkOf() writes the size in hexadecimal", () => {
  const piece = new TextEncoder().encode("0123456789abcdefg");
  const chunk = chunkOf(piece);
  assertEquals(decoder.decode(chunk), "11\r\n0123456789abcdefg\r\n");
  assertEquals(decoder.decode(LAST_CHUNK), "0\r\n\r\n");
});

Deno.test("sharedChunkOf() makes a chunk once, and does not end a body with an empty piece", () => {
  const piece = Uint8Array.of(0x61);
  const chunk = sharedChunkOf(piece);
  assertEquals(decoder.decode(chunk), "1\r\na\r\n");
  assert(sharedChunkOf(piece) === chunk, "the same for all readers");
  assertEquals(sharedChunkOf(new Uint8Array()).length, 0);
});
