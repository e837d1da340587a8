import { joinBytes } from "#base/join_bytes.ts";
import { assertEquals } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";
import {
  openStream,
  outline,
  type ReadStream,
  streamOfType,
} from "./read_units.ts";

const STREAM_TYPE = 0x06;
const REGISTRATION = "05044f707573";

/** 20 ms, one frame, as many bytes. */
function packet(sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes).fill(7);
  bytes[0] = 0xfc;
  return bytes;
}

function openOpus(): ReadStream {
  return streamOfType(STREAM_TYPE, `${REGISTRATION}7f028002`);
}

/** A packet behind its control header, in hex. */
function unit(header: string, sizeBytes: number): Uint8Array {
  return joinBytes([Uint8Array.fromHex(header), packet(sizeBytes)]);
}

/** Control headers and the size that they tell. */
const HEADERS = [
  { name: "a size", header: "7fe014", sizeBytes: 20 },
  { name: "a size of two bytes", header: "7fe0fc", sizeBytes: 252 },
  { name: "a size of over 254", header: "7fe0ff00", sizeBytes: 255 },
  {
    name: "a trimmed start [ffmpeg 5.1]",
    header: "7ff0ff250138",
    sizeBytes: 292,
  },
  { name: "a trimmed end", header: "7fe8140138", sizeBytes: 20 },
  {
    name: "both trimmed, and an extension",
    header: "7ffc140138013802aabb",
    sizeBytes: 20,
  },
];

for (const { name, header, sizeBytes } of HEADERS) {
  Deno.test(`opusTs reads a packet behind a header with ${name}`, () => {
    const bytes = unit(header, sizeBytes);
    const [found] = openOpus().read(joinBytes([bytes, bytes]));
    assertEquals(found, {
      ptsTicks: 9_000,
      dtsTicks: 9_000,
      isRandomAccess: true,
      parts: [packet(sizeBytes), packet(sizeBytes)],
      codec: { codec: "opus", channelCount: 2 },
    });
    for (const prefix of prefixes(bytes)) {
      const stream = openOpus();
      assertEquals(stream.read(prefix), []);
      assertEquals(stream.errors.length, prefix.length > 0 ? 1 : 0);
    }
  });
}

Deno.test("opusTs knows its channels from the program map", () => {
  const layouts = [
    ["7f028001", { codec: "opus", channelCount: 1 }],
    ["7f028008", { codec: "opus", channelCount: 8 }],
    ["7f028000", {
      codec: "opus",
      channelCount: 2,
      multistream: {
        streamCount: 2,
        coupledStreamCount: 0,
        channelMapping: [0, 1],
      },
    }],
    ["7f028009", undefined],
    ["7f0180", undefined],
    ["7f028102", undefined],
    ["", undefined],
  ] as const;
  for (const [descriptor, codec] of layouts) {
    const descriptors = REGISTRATION + descriptor;
    const stream = openStream({ streamType: STREAM_TYPE, descriptors });
    assertEquals(stream?.reader.codec, codec, descriptor);
  }
});

Deno.test("opusTs keeps what stands before a header that cannot be read", () => {
  const stream = openOpus();
  const bytes = joinBytes([unit("7fe014", 20), Uint8Array.of(1, 2, 3, 4)]);
  assertEquals(outline(stream.read(bytes)), ["9000/9000*: 20"]);
  assertEquals(stream.errors, ["an Opus control header cannot be read"]);
  assertEquals(stream.read(bytes, { ptsTicks: undefined }), []);
});

Deno.test("opusTs never throws", () => {
  const stream = openOpus();
  const seeds = HEADERS.map(({ header, sizeBytes }) => unit(header, sizeBytes));
  for (const bytes of mutations(seeds)) stream.read(bytes);
});
