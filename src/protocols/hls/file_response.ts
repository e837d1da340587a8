/** An answer with a playlist. */
export function playlistResponse(
  text: string,
  cacheControl: string,
): Response {
  return new Response(text, {
    headers: {
      "Content-Type": "application/vnd.apple.mpegurl",
      "Cache-Control": cacheControl,
    },
  });
}

/** An answer with a manifest of MPEG-DASH, which is true for a moment only. */
export function manifestResponse(text: string): Response {
  return new Response(text, {
    headers: {
      "Content-Type": "application/dash+xml",
      "Cache-Control": "no-cache",
    },
  });
}
