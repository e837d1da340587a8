/** Where files of segments are that need not be in memory. */
export interface SegmentStore {
  /** Takes a file; `onKept` is called when it can be read from there, which may be never. */
  keep(name: string, bytes: Uint8Array, onKept: () => void): void;
  /** Reads a file that is kept. Output of `then`: undefined if it cannot be read. */
  read(name: string, then: (bytes: Uint8Array | undefined) => void): void;
  /** Nobody asks for a file any more. */
  drop(name: string): void;
}
