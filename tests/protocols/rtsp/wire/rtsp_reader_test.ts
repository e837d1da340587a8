import { ParseError } from "#base/errors.ts";
import { serializeInterleavedFrames } from "#protocols/rtsp/wire/interleaved_frame.ts";
import { RtspReader, type RtspSink } from "#protocols/rtsp/wire/rtsp_reader.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { chunkings, mutations, prefixes, seededRandom } from "#test/splits.ts";
import { bytesOf, plain, REQUESTS } from "./messages.ts";

const RESPONSE = "RTSP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/** A client's sink: what came, in order, as plain data. */
class Collector implements RtspSink {
  readonly events: unknown[] = [];
  readonly packets: Uint8Array[] = [];

  handleRequest(request: Parameters<RtspSink["handleRequest"]>[0]): void {
    this.events.push(plain(request));
  }

  handleResponse(
    response: Parameters<NonNullable<RtspSink["handleResponse"]>>[0],
  ): void {
    this.events.push(plain(response));
  }

  handleInterleaved(channel: number, packet: Uint8Array): void {
    this.packets.push(packet);
    this.events.push([channel, packet.toHex()]);
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const PACKET = Uint8Array.from({ length: 300 }, (_, i) => i);
const STREAM = join([
  bytesOf("\r\n" + REQUESTS[0]!.text),
  serializeInterleavedFrames(
    [PACKET, new Uint8Array(0), Uint8Array.of(0x24)],
    1,
  ),
  bytesOf("\n\r\n" + REQUESTS[1]!.text + RESPONSE),
  serializeInterleavedFrames([PACKET.subarray(7, 90)], 255),
  bytesOf(REQUESTS[2]!.text + REQUESTS[3]!.text.replaceAll("\r", "")),
]);
const EVENTS = [
  REQUESTS[0]!.request,
  [1, PACKET.toHex()],
  [1, ""],
  [1, "24"],
  REQUESTS[1]!.request,
  { status: 200, reason: "OK", headers: [["Content-Length", "2"]], body: "hi" },
  [255, PACKET.subarray(7, 90).toHex()],
  REQUESTS[2]!.request,
  REQUESTS[3]!.request,
];

Deno.test("RtspReader gives the same messages and packets for all chunkings", () => {
  for (const chunks of chunkings(STREAM, 100)) {
    const collector = new Collector();
    const reader = new RtspReader(collector);
    for (const chunk of chunks) reader.push(chunk);
    assertEquals(collector.events, EVENTS);
  }
});

Deno.test("RtspReader waits for more at every prefix", () => {
  for (const prefix of prefixes(STREAM)) {
    const collector = new Collector();
    new RtspReader(collector).push(prefix);
    assertEquals(collector.events, EVENTS.slice(0, collector.events.length));
  }
});

Deno.test("RtspReader keeps nothing of a chunk that its owner overwrites", () => {
  for (const chunks of chunkings(STREAM, 20)) {
    const collector = new Collector();
    const reader = new RtspReader(collector);
    const buffer = new Uint8Array(STREAM.length);
    for (const chunk of chunks) {
      buffer.set(chunk);
      reader.push(buffer.subarray(0, chunk.length));
      buffer.fill(0xaa);
    }
    assertEquals(collector.packets[0], PACKET);
    assertEquals(collector.events, EVENTS);
  }
});

Deno.test("RtspReader copies a chunk once and hands out views of the copy", () => {
  const collector = new Collector();
  const frames = serializeInterleavedFrames([PACKET, PACKET, PACKET], 0);
  new RtspReader(collector).push(frames);
  const [first, second, third] = collector.packets;
  assert(first!.buffer === second!.buffer && second!.buffer === third!.buffer);
  assert(first!.buffer !== frames.buffer);
});

Deno.test("RtspReader reads the longest packet in chunks of 1,000 bytes", () => {
  const random = seededRandom(1);
  const packet = Uint8Array.from({ length: 65_535 }, () => random() * 256);
  const collector = new Collector();
  const reader = new RtspReader(collector);
  const frames = serializeInterleavedFrames([packet, packet], 3);
  for (let at = 0; at < frames.length; at += 1_000) {
    reader.push(frames.subarray(at, at + 1_000));
  }
  assertEquals(collector.packets, [packet, packet]);
});

Deno.test("RtspReader takes a response for an error when its sink has no use for it", () => {
  const reader = new RtspReader({ handleRequest() {}, handleInterleaved() {} });
  assertThrows(() => reader.push(bytesOf(RESPONSE)), ParseError);
});

Deno.test("RtspReader stops at what its sink throws", () => {
  let calls = 0;
  const reader = new RtspReader({
    handleRequest() {},
    handleInterleaved() {
      calls++;
      throw new RangeError("no such channel");
    },
  });
  const frames = serializeInterleavedFrames([PACKET, PACKET], 0);
  assertThrows(() => reader.push(frames), RangeError);
  assertEquals(calls, 1);
});

Deno.test("RtspReader rejects the first byte that begins nothing", () => {
  for (const first of [0x00, 0x16, 0x20, 0x30, 0x40, 0x5b, 0x7b, 0x80, 0xff]) {
    const reader = new RtspReader(new Collector());
    const error = assertThrows(
      () => reader.push(Uint8Array.of(first)),
      ParseError,
    );
    assertEquals(error.field, "first byte");
  }
});

Deno.test("RtspReader rejects a head without end before it has grown over its limit", () => {
  const endless = [["A", "line"], ["A: 1\r\n", "head"], [
    `A: ${"a".repeat(7_000)}\n`,
    "head",
  ]] as const;
  for (const [part, field] of endless) {
    const reader = new RtspReader(new Collector());
    const chunk = bytesOf(part.repeat(Math.ceil(100_000 / part.length)));
    assertEquals(
      assertThrows(() => reader.push(chunk), ParseError).field,
      field,
    );
  }
});

Deno.test("RtspReader throws nothing but ParseError on 10,000 mutations", () => {
  for (const bytes of mutations([STREAM])) {
    const reader = new RtspReader(new Collector());
    try {
      reader.push(bytes.subarray(0, 50));
      reader.push(bytes.subarray(50));
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
