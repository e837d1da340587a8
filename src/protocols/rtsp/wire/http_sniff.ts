const HTTP_STARTS = ["GET ", "POST "].map((text) =>
  new TextEncoder().encode(text)
);

/**
 * Tells from the first bytes of a connection whether the peer speaks HTTP (a tunnel) instead of RTSP.
 *
 * Input: borrowed. Output: undefined if it takes more bytes to tell.
 */
export function sniffHttp(firstBytes: Uint8Array): boolean | undefined {
  let isOpen = false;
  for (const start of HTTP_STARTS) {
    const length = Math.min(start.length, firstBytes.length);
    let same = 0;
    while (same < length && start[same] === firstBytes[same]) same++;
    if (same === start.length) return true;
    if (same === firstBytes.length) isOpen = true;
  }
  return isOpen ? undefined : false;
}
