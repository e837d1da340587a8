import { errorText } from "#base/errors.ts";
import type { Logger } from "#base/log.ts";

/** Chunks that somebody makes while they are being sent. */
export type Chunks = AsyncGenerator<Uint8Array, void>;

/** Bodies of answers that are under way. */
export class ChunkStreams implements AsyncDisposable {
  #logger: Logger;
  #open = new Set<Chunks>();

  /** `logger`: is told why a body breaks off. */
  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * Begins a body: makes its first chunk, and of the rest no more than is being sent.
   *
   * Output: undefined if there is none.
   *
   * @throws {Error} what comes before the first chunk.
   */
  async begin(chunks: Chunks): Promise<ReadableStream | undefined> {
    this.#open.add(chunks);
    try {
      const { value: first, done } = await chunks.next();
      if (!done) return this.#stream(chunks, first);
      this.#open.delete(chunks);
      return undefined;
    } catch (error) {
      this.#open.delete(chunks);
      throw error;
    }
  }

  /** Ends all that are under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open].map((chunks) => this.#end(chunks)));
  }

  #stream(chunks: Chunks, first: Uint8Array): ReadableStream {
    let next: Uint8Array | undefined = first;
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        try {
          next ??= (await chunks.next()).value ?? undefined;
        } catch (error) {
          this.#open.delete(chunks);
          this.#logger.error(errorText(error));
          controller.error(error);
          return;
        }
        if (next === undefined) {
          this.#open.delete(chunks);
          controller.close();
          return;
        }
        controller.enqueue(next);
        next = undefined;
      },
      cancel: () => this.#end(chunks),
    }, { highWaterMark: 0 });
  }

  async #end(chunks: Chunks): Promise<void> {
    this.#open.delete(chunks);
    await chunks.return();
  }
}
