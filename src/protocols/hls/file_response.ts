/** How a file is sent. */
export interface FileResponseOptions {
  readonly type: string;
  readonly cacheControl: string;
}

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

/** An answer with a file, or the range of it that is asked for. Spec: RFC 9110 §14. */
export function fileResponse(
  request: Request,
  bytes: Uint8Array,
  { type, cacheControl }: FileResponseOptions,
): Response {
  const headers: Record<string, string> = {
    "Content-Type": type,
    "Cache-Control": cacheControl,
    "Accept-Ranges": "bytes",
  };
  const header = request.headers.get("Range");
  if (header === null) return answer(bytes, { headers });
  const range = parseRange(header, bytes.length);
  // Others than one range of bytes may be ignored.
  if (range === undefined) return answer(bytes, { headers });
  const { from, end } = range;
  if (from >= end) {
    headers["Content-Range"] = `bytes */${bytes.length}`;
    return new Response(null, { status: 416, headers });
  }
  headers["Content-Range"] = `bytes ${from}-${end - 1}/${bytes.length}`;
  return answer(bytes.subarray(from, end), { status: 206, headers });
}

function answer(bytes: Uint8Array, init: ResponseInit): Response {
  return new Response(bytes as Uint8Array<ArrayBuffer>, init);
}

/** One range of bytes, its end not included; undefined if it is anything else. */
function parseRange(
  header: string,
  sizeBytes: number,
): { readonly from: number; readonly end: number } | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.trim());
  const [, first = "", last = ""] = match ?? [];
  if (first === "" && last === "") return undefined;
  if (first === "") {
    return { from: Math.max(0, sizeBytes - Number(last)), end: sizeBytes };
  }
  const end = last === "" ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  return { from: Number(first), end };
}
