import { ByteReader } from "#base/byte_reader.ts";
import { ByteWriter } from "#base/byte_writer.ts";
import { readFullBoxHead } from "./box_reader.ts";
import { writeBox, writeFullBox } from "./box_writer.ts";

/** Type of the box within `udta` that lets segments of a recording be joined. */
export const RECORDING_BOX_TYPE = "mtxi";

const STREAM_ID_BYTES = 16;

/** Where a segment of a recording belongs. */
export interface RecordingBox {
  /** UUID of the recording, 16 bytes; all of its segments have the same. */
  readonly streamId: Uint8Array;
  /** Number of the segment, from 0. */
  readonly segmentNumber: bigint;
  /** Decoding time of its start on the stream's time line, nanoseconds. */
  readonly dtsNs: bigint;
  /** Wall clock of its start, nanoseconds since the epoch. */
  readonly wallClockNs: bigint;
}

/** Serialises the `udta` box that holds it. */
export function serializeRecordingBox(
  box: RecordingBox,
): Uint8Array<ArrayBuffer> {
  const times = new DataView(new ArrayBuffer(24));
  times.setBigUint64(0, box.segmentNumber);
  times.setBigInt64(8, box.dtsNs);
  times.setBigInt64(16, box.wallClockNs);
  const writer = new ByteWriter();
  writeBox(writer, "udta", () => {
    writeFullBox(writer, RECORDING_BOX_TYPE, {}, () => {
      writer.bytes(box.streamId).bytes(new Uint8Array(times.buffer));
    });
  });
  return writer.finish();
}

/**
 * Parses the content of the box.
 *
 * @throws {ParseError} if it is cut, or of another version.
 */
export function parseRecordingBox(body: Uint8Array): RecordingBox {
  const reader = new ByteReader(body, "MP4 box mtxi");
  const { version } = readFullBoxHead(reader);
  if (version !== 0) throw reader.error("must be 0", "version");
  const streamId = reader.take(STREAM_ID_BYTES, "stream_id");
  const times = reader.take(24, "segment_number");
  const view = new DataView(times.buffer, times.byteOffset, times.length);
  return {
    streamId,
    segmentNumber: view.getBigUint64(0),
    dtsNs: view.getBigInt64(8),
    wallClockNs: view.getBigInt64(16),
  };
}
