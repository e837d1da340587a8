/** Bytes of an extended timestamp. Spec: RTMP 1.0 §5.3.1.3. */
export const EXTENDED_TIMESTAMP_BYTES = 4;

/** What a chunk stream remembers between chunks. */
export class ChunkStream {
  /** Type of its message. */
  typeId = 0;
  /** Message stream of its message. */
  messageStreamId = 0;
  /** Time of its message, 0 to 2^32 - 1. */
  timestampMs = 0;
  /** What a message with a header of type 3 adds to that. */
  deltaMs = 0;
  /** Size of its message. */
  lengthBytes = 0;
  /** The last header had an extended timestamp; chunks of type 3 may repeat it. */
  isExtended = false;
  /** That extended timestamp, as it stood there. */
  extendedTimestampMs = 0;
  /** Chunks of type 3 do not repeat it: some peers follow an older specification. */
  omitsExtended = false;
  /** A message has begun and is not whole. */
  isInMessage = false;
  /** What has arrived of it, and room for more. */
  payload: Uint8Array<ArrayBuffer> | undefined;
  /** How much has arrived. */
  filledBytes = 0;
}

/**
 * Bytes that a chunk of type 3 repeats of the last extended timestamp: all or none.
 *
 * Repeated is what the header said, or the time that came out of it. As long as what there is could still become
 * that, all of it is asked for. Hot path. Spec: RTMP 1.0 §5.3.1.3; RTMP chunk stream (2009) §6.1.3 repeats nothing.
 */
export function repeatedBytes(
  stream: ChunkStream | undefined,
  bytes: Uint8Array,
  at: number,
  end: number,
): number {
  if (stream === undefined || !stream.isExtended || stream.omitsExtended) {
    return 0;
  }
  const { extendedTimestampMs, timestampMs, deltaMs } = stream;
  if (
    beginsWithU32(bytes, at, end, extendedTimestampMs) ||
    beginsWithU32(bytes, at, end, timestampMs) ||
    !stream.isInMessage &&
      beginsWithU32(bytes, at, end, timestampMs + deltaMs >>> 0)
  ) return EXTENDED_TIMESTAMP_BYTES;
  stream.omitsExtended = stream.isInMessage;
  return 0;
}

/** Whether `value` stands at `at`, as far as there are bytes. */
function beginsWithU32(
  bytes: Uint8Array,
  at: number,
  end: number,
  value: number,
): boolean {
  for (let i = 0; i < 4 && at + i < end; i++) {
    if (bytes[at + i] !== (value >>> 24 - 8 * i & 0xff)) return false;
  }
  return true;
}
