import { ChunkReader } from "#protocols/rtmp/wire/chunk_reader.ts";
import {
  rtmpMessageSizeBytes,
  serializeRtmpMessages,
  writeRtmpMessage,
} from "#protocols/rtmp/wire/chunk_writer.ts";
import {
  MAX_RTMP_MESSAGE_BYTES,
  type RtmpMessage,
  serializeRtmpControl,
} from "#protocols/rtmp/wire/messages.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const message = (
  typeId: number,
  timestampMs: number,
  payload: Uint8Array,
): RtmpMessage => ({ typeId, messageStreamId: 1, timestampMs, payload });

const GOLDEN: { name: string; message: RtmpMessage; hex: string }[] = [{
  name: "an empty audio message",
  message: message(8, 0, new Uint8Array(0)),
  hex: "04 000000 000000 08 01000000",
}, {
  name: "a video message of one chunk",
  message: message(9, 0xfffffe, Uint8Array.of(1, 2, 3, 4)),
  hex: "06 fffffe 000004 09 01000000 01020304",
}, {
  name: "a data message of three chunks",
  message: message(18, 258, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9)),
  hex: "05 000102 000009 12 01000000 01020304 c5 05060708 c5 09",
}, {
  name: "a command with an extended timestamp",
  message: message(20, 0xffffff, Uint8Array.of(1, 2, 3, 4, 5)),
  hex: "03 ffffff 000005 14 01000000 00ffffff 01020304 c3 00ffffff 05",
}, {
  name: "a control message at a time over 32 bits",
  message: {
    ...serializeRtmpControl({ kind: "windowAckSize", windowBytes: 7 }),
    timestampMs: 2 ** 32 + 3,
  },
  hex: "02 000003 000004 05 00000000 00000007",
}];

for (const { name, message, hex } of GOLDEN) {
  Deno.test(`writeRtmpMessage() writes ${name}`, () => {
    const expected = hex.replaceAll(" ", "");
    const sizeBytes = rtmpMessageSizeBytes(message, 4);
    assertEquals(sizeBytes, expected.length / 2);
    const into = new Uint8Array(sizeBytes + 3);
    assertEquals(writeRtmpMessage(into, 2, message, 4), sizeBytes + 2);
    assertEquals(into.toHex(), `0000${expected}00`);
  });
}

Deno.test("serializeRtmpMessages() is read back by ChunkReader", () => {
  for (const chunkSizeBytes of [1, 127, 128, 129, 4_096, 65_536]) {
    const messages = [0, 1, 127, 128, 129, 256, 70_000].flatMap((length) =>
      [0, 0xfffffe, 0xffffff, 0xffffffff].map((timestampMs) =>
        message(9, timestampMs, new Uint8Array(length).fill(length))
      )
    );
    const sizeMessage = serializeRtmpControl({
      kind: "setChunkSize",
      chunkSizeBytes,
    });
    const read: RtmpMessage[] = [];
    const sink = { handleMessage: (one: RtmpMessage) => void read.push(one) };
    const reader = new ChunkReader();
    reader.push(serializeRtmpMessages([sizeMessage], 128), sink);
    reader.push(serializeRtmpMessages(messages, chunkSizeBytes), sink);
    assertEquals(read, messages);
  }
});

Deno.test("rtmpMessageSizeBytes() refuses what a message cannot hold", () => {
  const payload = new Uint8Array(MAX_RTMP_MESSAGE_BYTES + 1);
  assertThrows(() => rtmpMessageSizeBytes(message(9, 0, payload), 128), Error);
});
