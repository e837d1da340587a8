import { ParseError } from "#base/errors.ts";
import {
  ChunkReader,
  MAX_BUFFERED_BYTES,
  MAX_CHUNK_STREAMS,
} from "#protocols/rtmp/wire/chunk_reader.ts";
import type { RtmpMessage } from "#protocols/rtmp/wire/messages.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { chunkings, mutations, prefixes } from "#test/splits.ts";

const bytesOf = (...parts: (string | Uint8Array)[]): Uint8Array =>
  Uint8Array.fromHex(
    parts.map((part) => typeof part === "string" ? part : part.toHex()).join("")
      .replaceAll(" ", ""),
  );

const ramp = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => i % 251);

/** Collects messages. */
class Collector {
  messages: RtmpMessage[] = [];
  handleMessage(message: RtmpMessage): void {
    this.messages.push(message);
  }
}

function read(chunks: readonly Uint8Array[]): RtmpMessage[] {
  const reader = new ChunkReader();
  const sink = new Collector();
  for (const chunk of chunks) reader.push(chunk, sink);
  return sink.messages;
}

const message = (
  typeId: number,
  timestampMs: number,
  payload: Uint8Array,
  messageStreamId = 1,
): RtmpMessage => ({ typeId, messageStreamId, timestampMs, payload });

const SET_CHUNK_SIZE_1000 = "02 000000 000004 01 00000000 000003e8";

const STREAMS: { name: string; bytes: Uint8Array; messages: RtmpMessage[] }[] =
  [{
    name: "one message of type 0",
    bytes: bytesOf("04 000102 000003 08 01000000 aabbcc"),
    messages: [message(8, 0x102, Uint8Array.of(0xaa, 0xbb, 0xcc))],
  }, {
    name: "an empty message",
    bytes: bytesOf("04 000102 000000 08 01000000"),
    messages: [message(8, 0x102, new Uint8Array(0))],
  }, {
    name: "messages of type 0, 1, 2 and 3",
    bytes: bytesOf(
      "04 0003e8 000001 08 01000000 01",
      "44 000014 000002 08 0202",
      "84 000015 0303",
      "c4 0404",
    ),
    messages: [
      message(8, 1_000, Uint8Array.of(1)),
      message(8, 1_020, Uint8Array.of(2, 2)),
      message(8, 1_041, Uint8Array.of(3, 3)),
      message(8, 1_062, Uint8Array.of(4, 4)),
    ],
  }, {
    name: "a message of type 3 after type 0 at the same time [librtmp]",
    bytes: bytesOf("04 0003e8 000001 08 01000000 01", "c4 02"),
    messages: [
      message(8, 1_000, Uint8Array.of(1)),
      message(8, 1_000, Uint8Array.of(2)),
    ],
  }, {
    name: "a chunk stream that begins with type 1 [librtmp ping]",
    bytes: bytesOf("42 000000 000006 04 000600000001"),
    messages: [
      message(4, 0, bytesOf("000600000001"), 0),
    ],
  }, {
    name: "continuations at the default chunk size",
    bytes: bytesOf(
      "06 000000 00012c 09 01000000",
      ramp(300).subarray(0, 128),
      "c6",
      ramp(300).subarray(128, 256),
      "c6",
      ramp(300).subarray(256),
    ),
    messages: [message(9, 0, ramp(300))],
  }, {
    name: "messages of two chunk streams mixed",
    bytes: bytesOf(
      "06 000000 0000c8 09 01000000",
      ramp(200).subarray(0, 128),
      "04 000005 000002 08 01000000 aabb",
      "c6",
      ramp(200).subarray(128),
    ),
    messages: [
      message(8, 5, Uint8Array.of(0xaa, 0xbb)),
      message(9, 0, ramp(200)),
    ],
  }, {
    name: "a larger chunk size",
    bytes: bytesOf(
      SET_CHUNK_SIZE_1000,
      "06 000000 0003e9 09 01000000",
      ramp(1_001).subarray(0, 1_000),
      "c6",
      ramp(1_001).subarray(1_000),
    ),
    messages: [message(9, 0, ramp(1_001))],
  }, {
    name: "the largest chunk size",
    bytes: bytesOf(
      "02 000000 000004 01 00000000 7fffffff",
      "06 000000 0003e9 09 01000000",
      ramp(1_001),
    ),
    messages: [message(9, 0, ramp(1_001))],
  }, {
    name: "a chunk size that changes inside a message of another stream",
    bytes: bytesOf(
      "06 000000 0000c8 09 01000000",
      ramp(200).subarray(0, 128),
      "02 000000 000004 01 00000000 00000032",
      "c6",
      ramp(200).subarray(128, 178),
      "c6",
      ramp(200).subarray(178),
    ),
    messages: [message(9, 0, ramp(200))],
  }, {
    name: "an extended timestamp, repeated in continuations",
    bytes: bytesOf(
      "06 ffffff 0000c8 09 01000000 01020304",
      ramp(200).subarray(0, 128),
      "c6 01020304",
      ramp(200).subarray(128),
    ),
    messages: [message(9, 0x01020304, ramp(200))],
  }, {
    name:
      "an extended timestamp, not repeated in continuations [librtmp, OBS up to 30.0]",
    bytes: bytesOf(
      "06 ffffff 000148 09 01000000 01020304",
      ramp(328).subarray(0, 128),
      "c6",
      ramp(328).subarray(128, 256),
      "c6",
      ramp(328).subarray(256),
    ),
    messages: [message(9, 0x01020304, ramp(328))],
  }, {
    name:
      "an extended timestamp that is not repeated, before bytes that look like it",
    bytes: bytesOf(
      "06 ffffff 000090 09 01000000 01020304",
      ramp(128),
      "c6",
      "01020399 aabbccdd aabbccdd aabbccdd",
      "06 ffffff 000084 09 01000000 05060708",
      ramp(128),
      "c6 05060708",
    ),
    messages: [
      message(
        9,
        0x01020304,
        bytesOf(ramp(128), "01020399 aabbccdd aabbccdd aabbccdd"),
      ),
      message(9, 0x05060708, bytesOf(ramp(128), "05060708")),
    ],
  }, {
    name:
      "an extended timestamp that is not repeated, before a tail that is shorter",
    bytes: bytesOf(
      "06 ffffff 000082 09 01000000 01020304",
      ramp(128),
      "c6 0102",
      "04 000005 000001 08 01000000 aa",
    ),
    messages: [
      message(9, 0x01020304, bytesOf(ramp(128), "0102")),
      message(8, 5, Uint8Array.of(0xaa)),
    ],
  }, {
    name: "an extended delta, of which continuations repeat the time",
    bytes: bytesOf(
      "06 000010 000001 09 01000000 01",
      "46 ffffff 000084 09 01000000",
      ramp(128),
      "c6 01000010 aabbccdd",
    ),
    messages: [
      message(9, 0x10, Uint8Array.of(1)),
      message(9, 0x01000010, bytesOf(ramp(128), "aabbccdd")),
    ],
  }, {
    name: "extended timestamps from the first message on [DJI Mavic, Mini]",
    bytes: bytesOf(
      "04 ffffff 000004 08 01000000 7f000000 af001210",
      "06 ffffff 000081 09 01000000 7f000000",
      ramp(128),
      "c6 7f000000 99",
      "04 ffffff 000003 08 01000000 7f000017 af0121",
    ),
    messages: [
      message(8, 0x7f000000, bytesOf("af001210")),
      message(9, 0x7f000000, bytesOf(ramp(128), "99")),
      message(8, 0x7f000017, bytesOf("af0121")),
    ],
  }, {
    name: "a step back as an extended delta [SRS 2808, OvenMediaEngine 2093]",
    bytes: bytesOf(
      "04 0003e8 000001 08 01000000 01",
      "44 ffffff 000001 08 ffffffec 02",
      "44 000014 000001 08 03",
    ),
    messages: [
      message(8, 1_000, Uint8Array.of(1)),
      message(8, 980, Uint8Array.of(2)),
      message(8, 1_000, Uint8Array.of(3)),
    ],
  }, {
    name: "a header that is left out behind an extended timestamp [librtmp]",
    bytes: bytesOf(
      "04 ffffff 000001 08 01000000 01020304 aa",
      "c4 bb",
      "44 000014 000001 08 cc",
    ),
    messages: [
      message(8, 0x01020304, Uint8Array.of(0xaa)),
      message(8, 0x01020304, Uint8Array.of(0xbb)),
      message(8, 0x01020318, Uint8Array.of(0xcc)),
    ],
  }, {
    name: "deltas over the end of 24 bits",
    bytes: bytesOf(
      "04 fffffe 000001 08 01000000 01",
      "84 000014 02",
      "c4 03",
    ),
    messages: [
      message(8, 0xfffffe, Uint8Array.of(1)),
      message(8, 0x1000012, Uint8Array.of(2)),
      message(8, 0x1000026, Uint8Array.of(3)),
    ],
  }, {
    name: "extended deltas, over the end of 32 bits",
    bytes: bytesOf(
      "06 ffffff 000001 09 01000000 fffffff0 01",
      "86 ffffff 01000000 02",
      "c6 01000000 03",
      "86 000001 04",
    ),
    messages: [
      message(9, 0xfffffff0, Uint8Array.of(1)),
      message(9, 0x00fffff0, Uint8Array.of(2)),
      message(9, 0x01fffff0, Uint8Array.of(3)),
      message(9, 0x01fffff1, Uint8Array.of(4)),
    ],
  }, {
    name: "chunk stream ids of two and three bytes",
    bytes: bytesOf(
      "00 00 000000 000001 08 01000000 01",
      "00 ff 000000 000001 08 01000000 02",
      "01 0100 000000 000001 08 01000000 03",
      "01 ffff 000000 000001 08 01000000 04",
      "c1 ffff 05",
      "c0 01 06",
    ),
    messages: [1, 2, 3, 4, 5, 6].map((i) => message(8, 0, Uint8Array.of(i))),
  }, {
    name: "an aborted message",
    bytes: bytesOf(
      "06 000000 0000c8 09 01000000",
      ramp(128),
      "02 000000 000004 02 00000000 00000006",
      "06 000007 000001 09 01000000 aa",
    ),
    messages: [message(9, 7, Uint8Array.of(0xaa))],
  }, {
    name: "an aborted message, whose time counts for the next [zenomt]",
    bytes: bytesOf(
      "06 000064 000001 09 01000000 aa",
      "46 000014 0000c8 09",
      ramp(128),
      "02 000000 000004 02 00000000 00000006",
      "46 000014 000001 09 bb",
    ),
    messages: [
      message(9, 100, Uint8Array.of(0xaa)),
      message(9, 140, Uint8Array.of(0xbb)),
    ],
  }, {
    name: "an abort of a chunk stream that was never used",
    bytes: bytesOf("02 000000 000004 02 00000000 00000009"),
    messages: [],
  }, {
    name: "a message that outgrows the first buffer",
    bytes: bytesOf(
      "02 000000 000004 01 00000000 00010000",
      "06 000000 030d40 09 01000000",
      ramp(200_000).subarray(0, 65_536),
      "c6",
      ramp(200_000).subarray(65_536, 131_072),
      "c6",
      ramp(200_000).subarray(131_072, 196_608),
      "c6",
      ramp(200_000).subarray(196_608),
    ),
    messages: [message(9, 0, ramp(200_000))],
  }];

for (const { name, bytes, messages } of STREAMS) {
  Deno.test(`ChunkReader.push() reads ${name}`, () => {
    const before = bytes.slice();
    assertEquals(read([bytes]), messages);
    assertEquals(bytes, before, "input must stay untouched");
  });

  Deno.test(`ChunkReader.push() reads ${name} in any chunking`, () => {
    for (const chunks of chunkings(bytes, bytes.length > 2_000 ? 1 : 20)) {
      assertEquals(read(chunks), messages);
    }
  });

  Deno.test(`ChunkReader.push() waits in every prefix of ${name}`, () => {
    if (bytes.length > 2_000) return;
    for (const prefix of prefixes(bytes)) {
      const some = read([prefix]);
      assertEquals(some, messages.slice(0, some.length));
    }
  });
}

Deno.test("ChunkReader.push() hands over payloads of their own", () => {
  const { bytes, messages } = STREAMS[0]!;
  const chunk = bytes.slice();
  const read1 = read([chunk]);
  chunk.fill(0);
  assertEquals(read1, messages);
  assertEquals(read1[0]!.payload.buffer.byteLength, 3);
});

Deno.test("ChunkReader.push() reads the same from its own buffer after growth", () => {
  const [whole] = read([STREAMS.at(-1)!.bytes]);
  assertEquals(whole!.payload.buffer.byteLength, 200_000);
});

Deno.test("ChunkReader.receivedBytes counts everything", () => {
  const reader = new ChunkReader();
  const sink = new Collector();
  reader.push(new Uint8Array([4, 0]), sink);
  reader.push(new Uint8Array(5), sink);
  assertEquals(reader.receivedBytes, 7);
});

const REJECTED: { name: string; bytes: Uint8Array; field: string }[] = [{
  name: "a chunk stream that begins with type 2",
  bytes: bytesOf("84 000000"),
  field: "fmt",
}, {
  name: "a chunk stream that begins with type 3",
  bytes: bytesOf("c4"),
  field: "fmt",
}, {
  name: "a new header inside a message",
  bytes: bytesOf(
    "06 000000 0000c8 09 01000000",
    ramp(128),
    "46 000000 000001 09",
  ),
  field: "fmt",
}, {
  name: "chunk size 0",
  bytes: bytesOf("02 000000 000004 01 00000000 00000000"),
  field: "chunkSize",
}, {
  name: "a chunk size with the top bit",
  bytes: bytesOf("02 000000 000004 01 00000000 80000080"),
  field: "chunkSize",
}, {
  name: "a cut Abort",
  bytes: bytesOf("02 000000 000003 02 00000000 000000"),
  field: "chunkStreamId",
}, {
  name: "too many chunk streams",
  bytes: bytesOf(
    ...Array.from(
      { length: MAX_CHUNK_STREAMS + 1 },
      (_, i) => "00" + Uint8Array.of(i).toHex() + "000000 000000 08 01000000",
    ),
  ),
  field: "chunkStreamId",
}];

for (const { name, bytes, field } of REJECTED) {
  Deno.test(`ChunkReader.push() rejects ${name}`, () => {
    for (const chunks of chunkings(bytes, 3)) {
      assertEquals(assertThrows(() => read(chunks), ParseError).field, field);
    }
  });
}

Deno.test("ChunkReader.push() bounds what unfinished messages hold", () => {
  const reader = new ChunkReader();
  const sink = new Collector();
  reader.push(bytesOf("02 000000 000004 01 00000000 7fffffff"), sink);
  const piece = new Uint8Array(1_000_000);
  reader.push(bytesOf("06 000000 ffffff 09 01000000"), sink);
  for (let i = 0; i < 16; i++) reader.push(piece, sink);
  assertEquals(sink.messages.length, 0);
  reader.push(piece.subarray(0, 777_215), sink);
  assertEquals(sink.messages.length, 1, "the largest message passes");

  const small = new ChunkReader();
  small.push(bytesOf("02 000000 000004 01 00000000 00100000"), sink);
  const megabyte = new Uint8Array(1_048_576);
  assertThrows(() => {
    for (let id = 3; id < 60; id++) {
      small.push(Uint8Array.of(id), sink);
      small.push(bytesOf("000000 ffffff 09 01000000"), sink);
      small.push(megabyte, sink);
      assert(id * 1_048_576 < MAX_BUFFERED_BYTES + 4 * 1_048_576);
    }
  }, ParseError);
});

Deno.test("ChunkReader.push() throws only ParseError on mutated input", () => {
  const seeds = STREAMS.map(({ bytes }) => bytes).filter((seed) =>
    seed.length < 2_000
  );
  for (const bytes of mutations(seeds)) {
    try {
      read([bytes]);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
