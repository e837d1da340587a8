import {
  CloseCode,
  MAX_WEBSOCKET_PAYLOAD_BYTES,
  Opcode,
  serializeFrameHeader,
  serializeMaskedFrame,
  WebSocketDecoder,
  WebSocketError,
} from "#http/http1/websocket_frame.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { concatBytes } from "#test/fake_tcp.ts";
import { chunkings, mutations, prefixes } from "#test/splits.ts";
import { bytesOf } from "../../protocols/rtsp/wire/messages.ts";

interface Decoded {
  readonly bytes: Uint8Array;
  readonly events: readonly string[];
}

/** Decodes chunk by chunk. */
function decode(chunks: Iterable<Uint8Array>, isMasked: boolean): Decoded {
  const events: string[] = [];
  const decoder = new WebSocketDecoder(isMasked, {
    handlePing: (payload) => events.push(`ping ${payload.toHex()}`),
    handleClose: () => events.push("close"),
  });
  const parts: Uint8Array[] = [];
  for (const chunk of chunks) {
    const bytes = concatBytes([chunk, Uint8Array.of(0xaa)]);
    const count = decoder.decode(bytes, chunk.length);
    assertEquals(bytes.at(-1), 0xaa, "what stands behind stays");
    parts.push(bytes.subarray(0, count));
  }
  return { bytes: concatBytes(parts), events };
}

function hex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll(" ", ""));
}

const HELLO = bytesOf("Hello");
const LONG = new Uint8Array(256).fill(7);
const LONGER = new Uint8Array(65_536).fill(9);

const STREAMS = [{
  name: "a short message [RFC 6455 §5.7]",
  isMasked: false,
  frames: hex("8205 48656c6c6f"),
  bytes: HELLO,
  events: [],
}, {
  name: "a masked message [RFC 6455 §5.7]",
  isMasked: true,
  frames: hex("8285 37fa213d 7f9f4d5158"),
  bytes: HELLO,
  events: [],
}, {
  name: "a message in fragments, a ping between them [RFC 6455 §5.7]",
  isMasked: false,
  frames: hex("0203 48656c 8905 48656c6c6f 8002 6c6f"),
  bytes: HELLO,
  events: ["ping 48656c6c6f"],
}, {
  name: "256 bytes [RFC 6455 §5.7]",
  isMasked: false,
  frames: concatBytes([hex("827e0100"), LONG]),
  bytes: LONG,
  events: [],
}, {
  name: "64 KiB, and a message behind [RFC 6455 §5.7]",
  isMasked: false,
  frames: concatBytes([hex("827f0000000000010000"), LONGER, hex("820101")]),
  bytes: concatBytes([LONGER, Uint8Array.of(1)]),
  events: [],
}, {
  name: "empty frames, an unasked pong and a ping",
  isMasked: true,
  frames: hex("8280 01020304 8a80 01020304 8981 01020304 00 8980 01020304"),
  bytes: new Uint8Array(0),
  events: ["ping 01", "ping "],
}, {
  name: "a goodbye, and drops what comes behind",
  isMasked: true,
  frames: hex("8281 00000000 05 8882 00000000 03e8 8281 00000000 06 ff ff"),
  bytes: Uint8Array.of(5),
  events: ["close"],
}, {
  name: "a goodbye without a reason in the middle of a message",
  isMasked: false,
  frames: hex("0201 05 8800"),
  bytes: Uint8Array.of(5),
  events: ["close"],
}];

for (const { name, isMasked, frames, bytes, events } of STREAMS) {
  Deno.test(`WebSocketDecoder reads ${name}, in any chunks`, () => {
    const isShort = frames.length < 1_000;
    for (const chunks of chunkings(frames, isShort ? 20 : 1)) {
      assertEquals(decode(chunks, isMasked), { bytes, events });
    }
  });

  Deno.test(`WebSocketDecoder waits behind every prefix of ${name}`, () => {
    for (const prefix of prefixes(frames.subarray(0, 300))) {
      const decoded = decode([prefix], isMasked).bytes;
      assertEquals(decoded, bytes.slice(0, decoded.length));
    }
  });
}

const TOO_LONG = MAX_WEBSOCKET_PAYLOAD_BYTES + 1;

const BAD_FRAMES: readonly {
  readonly name: string;
  readonly isMasked?: boolean;
  readonly frames: string;
  readonly closeCode: CloseCode;
  readonly reason: string;
}[] = [{
  name: "text",
  frames: "8105",
  closeCode: CloseCode.unsupportedData,
  reason: "opcode at byte 0: must be binary, found text",
}, {
  name: "a client that does not mask",
  isMasked: true,
  frames: "8205",
  closeCode: CloseCode.protocolError,
  reason: "MASK at byte 1: must be 1",
}, {
  name: "a server that masks",
  frames: "8285",
  closeCode: CloseCode.protocolError,
  reason: "MASK at byte 1: must be 0",
}, {
  name: "an extension",
  frames: "c205",
  closeCode: CloseCode.protocolError,
  reason: "RSV at byte 0: must be 0, no extension was agreed on",
}, {
  name: "an opcode that nobody knows",
  frames: "8305",
  closeCode: CloseCode.protocolError,
  reason: "opcode at byte 0: is unknown, found 3",
}, {
  name: "a fragment of no message",
  frames: "8001",
  closeCode: CloseCode.protocolError,
  reason: "opcode at byte 0: is not where a message goes on",
}, {
  name: "a message within another one",
  frames: "020105 8201",
  closeCode: CloseCode.protocolError,
  reason: "opcode at byte 0: is not where a message goes on",
}, {
  name: "a ping in fragments",
  frames: "0901",
  closeCode: CloseCode.protocolError,
  reason: "control frame at byte 0: must be short and whole",
}, {
  name: "a long ping",
  frames: "897e",
  closeCode: CloseCode.protocolError,
  reason: "control frame at byte 0: must be short and whole",
}, {
  name: "a frame over the limit",
  frames: `827f${TOO_LONG.toString(16).padStart(16, "0")}`,
  closeCode: CloseCode.messageTooBig,
  reason: `payload length at byte 1: is over 16777216, found ${TOO_LONG}`,
}, {
  name: "the longest frame that can be told",
  frames: "827fffffffffffffffff",
  closeCode: CloseCode.messageTooBig,
  reason:
    "payload length at byte 1: is over 16777216, found 18446744073709552000",
}];

for (const { name, isMasked = false, frames, ...wanted } of BAD_FRAMES) {
  Deno.test(`WebSocketDecoder rejects ${name}`, () => {
    for (const chunks of chunkings(hex(frames), 3)) {
      const { closeCode, message } = assertThrows(
        () => decode(chunks, isMasked),
        WebSocketError,
      );
      const reason = `Cannot parse WebSocket frame: ${wanted.reason}`;
      assertEquals([closeCode, message], [wanted.closeCode, reason]);
    }
  });
}

Deno.test("WebSocketDecoder takes a frame of the limit", () => {
  const length = MAX_WEBSOCKET_PAYLOAD_BYTES.toString(16).padStart(16, "0");
  assertEquals(decode([hex(`827f${length}05`)], false).bytes, hex("05"));
});

Deno.test("WebSocketDecoder throws nothing but WebSocketError, whatever comes", () => {
  const seeds = STREAMS.filter(({ frames }) => frames.length < 1_000);
  for (const isMasked of [true, false]) {
    const frames = seeds.filter((seed) => seed.isMasked === isMasked);
    const texts = frames.map((seed) => seed.frames);
    for (const bytes of mutations(texts, 5_000)) {
      try {
        const decoded = decode([bytes], isMasked);
        assertEquals(decoded.bytes.length <= bytes.length, true);
      } catch (error) {
        if (!(error instanceof WebSocketError)) throw error;
      }
    }
  }
});

const HEADERS: readonly [payloadBytes: number, header: string][] = [
  [0, "8200"],
  [125, "827d"],
  [126, "827e007e"],
  [256, "827e0100"],
  [65_535, "827effff"],
  [65_536, "827f0000000000010000"],
];

for (const [payloadBytes, header] of HEADERS) {
  Deno.test(`serializeFrameHeader() writes that of ${payloadBytes} bytes`, () => {
    const bytes = serializeFrameHeader(Opcode.binary, payloadBytes);
    assertEquals(bytes.toHex(), header);
  });
}

Deno.test("serializeMaskedFrame() writes what a server reads", () => {
  const mask = hex("37fa213d");
  assertEquals(
    serializeMaskedFrame(Opcode.binary, HELLO, mask),
    hex("8285 37fa213d 7f9f4d5158"),
  );
  for (const payloadBytes of [0, 1, 125, 126, 300, 65_535, 65_536]) {
    const payload = Uint8Array.from({ length: payloadBytes }, (_, i) => i);
    const frame = serializeMaskedFrame(Opcode.binary, payload, mask);
    assertEquals(decode([frame], true).bytes, payload);
  }
});
