import { joinBytes } from "#base/join_bytes.ts";
import { findWholePart } from "#formats/mp4/file_fragments.ts";
import { openMp4File } from "#formats/mp4/mp4_file.ts";
import { assertEquals } from "#test/assert.ts";
import { BytesInput } from "./bytes_input.ts";
import { fragmentBytes, initBytes } from "./file_samples.ts";

const INIT = initBytes();
const FRAGMENTS = fragmentBytes(6);

async function wholePart(bytes: Uint8Array) {
  const input = new BytesInput(bytes);
  const { movie, headerEndBytes } = await openMp4File(input);
  const { endBytes, ...rest } = await findWholePart(
    input,
    movie,
    headerEndBytes,
  );
  return { endBytes: endBytes - INIT.length, ...rest };
}

Deno.test("findWholePart() finds that a file is whole", async () => {
  assertEquals(await wholePart(joinBytes([INIT, ...FRAGMENTS])), {
    endBytes: joinBytes(FRAGMENTS).length,
    surplusBytes: 0,
    fragmentCount: 3,
    endSeconds: 0.6,
  });
});

Deno.test("findWholePart() finds the last whole fragment, wherever the next one is cut", async () => {
  const [first, second] = FRAGMENTS;
  for (let length = 0; length < second!.length; length++) {
    const tail = second!.subarray(0, length);
    assertEquals(await wholePart(joinBytes([INIT, first!, tail])), {
      endBytes: first!.length,
      surplusBytes: length,
      fragmentCount: 1,
      endSeconds: 0.2,
    });
  }
});

Deno.test("findWholePart() takes blocks that were never written for surplus", async () => {
  const [first] = FRAGMENTS;
  for (const fill of [0x00, 0x01, 0xff]) {
    const tail = new Uint8Array(4_096).fill(fill);
    const { endBytes, surplusBytes } = await wholePart(
      joinBytes([INIT, first!, tail]),
    );
    // Zero bytes are a box that reaches to the end.
    assertEquals([endBytes, surplusBytes], [first!.length, 4_096]);
  }
});

Deno.test("findWholePart() of a header alone is the header", async () => {
  assertEquals(await wholePart(INIT), {
    endBytes: 0,
    surplusBytes: 0,
    fragmentCount: 0,
    endSeconds: 0,
  });
});
