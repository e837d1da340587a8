/** Text that is made and sent at once: media waits no longer than this takes, a fraction of a millisecond. */
const CHUNK_CHARS = 65_536;

/** A body of which no more is made than is being sent; in between, the event loop goes on. */
export function textStream(
  pieces: Iterator<string>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    pull(controller): void {
      let text = "";
      while (text.length < CHUNK_CHARS) {
        const { done, value } = pieces.next();
        if (done) break;
        text += value;
      }
      if (text === "") controller.close();
      else controller.enqueue(encoder.encode(text));
    },
  });
}
