import { ChunkScan, type RecordedChunk } from "./chunk_scan.ts";
import type { RecordedSegment } from "./recorded_segment.ts";
import { openMp4File } from "#formats/mp4/mp4_file.ts";

const US_PER_SECOND = 1_000_000;

/** Segments whose chunks are remembered: some 30 KB for an hour. */
const MAX_REMEMBERED = 256;

/** Finds out where segments can be cut, and remembers it. */
export class ChunkIndex {
  #remembered = new Map<string, Promise<readonly RecordedChunk[]>>();

  /**
   * The chunks of a segment, one after the other: at least one.
   *
   * @throws {ParseError | PlatformError} if its header cannot be read; what is malformed behind it ends the last chunk.
   */
  chunksOf(segment: RecordedSegment): Promise<readonly RecordedChunk[]> {
    const key = `${segment.file} ${segment.sizeBytes}`;
    const known = this.#remembered.get(key);
    this.#remembered.delete(key);
    const chunks = known ?? findChunks(segment);
    this.#remembered.set(key, chunks);
    chunks.catch(() => this.#remembered.delete(key)); // whoever asked is told
    if (this.#remembered.size > MAX_REMEMBERED) {
      const [oldest] = this.#remembered.keys();
      this.#remembered.delete(oldest!);
    }
    return chunks;
  }
}

async function findChunks(
  segment: RecordedSegment,
): Promise<readonly RecordedChunk[]> {
  using opened = await segment.open();
  const input = {
    sizeBytes: Math.min(segment.sizeBytes, opened.sizeBytes),
    readAt: (offsetBytes: number, lengthBytes: number) =>
      opened.readAt(offsetBytes, lengthBytes),
  };
  const scan = new ChunkScan();
  await scan.read(input, await openMp4File(input));
  return scan.chunks(segment.durationUs / US_PER_SECOND);
}
