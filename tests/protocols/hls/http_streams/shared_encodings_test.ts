import type { Batch } from "#core/batch.ts";
import { EncodingCache } from "#core/encoding_cache.ts";
import { SharedEncodings } from "#protocols/hls/http_streams/shared_encodings.ts";
import { assertEquals } from "#test/assert.ts";

function batch(number: number): Batch {
  return {
    units: [],
    tracks: [],
    tracksChanged: false,
    isRandomAccess: false,
    sizeBytes: 0,
    unitsBefore: number,
    bytesBefore: 0,
    publishedAtMs: 0,
    encodings: new EncodingCache(),
    next: undefined,
  };
}

Deno.test("SharedEncodings makes what has left the live edge once until the next batch comes", () => {
  const made: string[] = [];
  const encodings = new SharedEncodings<Uint8Array, string>(
    "x",
    (one, form) => {
      made.push(`${form}${one.unitsBefore}`);
      return new Uint8Array(1);
    },
  );
  const [old, live, next] = [batch(0), batch(1), batch(2)];
  old.encodings.release();
  const first = encodings.of(old, "a");
  assertEquals(encodings.of(old, "a") === first, true);
  assertEquals(encodings.of(live, "a") === encodings.of(live, "a"), true);
  assertEquals(made, ["a0", "a1"]);
  encodings.of(old, "a");
  encodings.of(live, "a");
  encodings.of(next, "a");
  encodings.of(old, "a");
  assertEquals(made, ["a0", "a1", "a0", "a2", "a0"]);
});

Deno.test("SharedEncodings remembers that there is nothing", () => {
  let count = 0;
  const encodings = new SharedEncodings<Uint8Array | null, undefined>(
    "x",
    () => {
      count++;
      return null;
    },
  );
  const one = batch(0);
  assertEquals([encodings.of(one, undefined), encodings.of(one, undefined)], [
    null,
    null,
  ]);
  assertEquals(count, 1);
});
