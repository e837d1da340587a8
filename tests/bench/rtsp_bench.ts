import {
  interleavedFramesSizeBytes,
  serializeInterleavedFrames,
  writeInterleavedFrames,
} from "#protocols/rtsp/wire/interleaved_frame.ts";
import { RtspReader, type RtspSink } from "#protocols/rtsp/wire/rtsp_reader.ts";

/** A frame of 20 KB in packets that fit a datagram. */
const FRAME = Array.from({ length: 14 }, () => new Uint8Array(1_440));
const CHUNK_BYTES = 65_536;

const packets = Array.from({ length: 450 }, (_, i) => FRAME[i % FRAME.length]!);
const stream = serializeInterleavedFrames(packets, 0);
const target = new Uint8Array(interleavedFramesSizeBytes(FRAME));

class ByteCounter implements RtspSink {
  bytes = 0;

  handleRequest(): void {}

  handleInterleaved(_channel: number, packet: Uint8Array): void {
    this.bytes += packet.length;
  }
}

function read(chunkBytes: number): void {
  const counter = new ByteCounter();
  const reader = new RtspReader(counter);
  for (let at = 0; at < stream.length; at += chunkBytes) {
    reader.push(stream.subarray(at, at + chunkBytes));
  }
  if (counter.bytes !== 450 * 1_440) throw new Error("Packets were lost");
}

Deno.bench("RtspReader, 450 packets in chunks of 64 KB", () => {
  read(CHUNK_BYTES);
});

Deno.bench("RtspReader, 450 packets in chunks of 1,000 bytes", () => {
  read(1_000);
});

Deno.bench("serializeInterleavedFrames, 14 packets", () => {
  serializeInterleavedFrames(FRAME, 0);
});

Deno.bench("writeInterleavedFrames, 14 packets", () => {
  writeInterleavedFrames(FRAME, 0, target, 0);
});
