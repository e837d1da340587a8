import { DirectHead } from "#http/direct.ts";

/** A viewer's answers are its own; those to a delivery network may be kept. */
const OWN = "private, no-cache";

const PLAYLIST_TYPE = "application/vnd.apple.mpegurl";

/** Heads that were made already, by type and how long the answer is kept. */
const heads = new Map<string, DirectHead>();

/** Takes an answer. */
export type Answer = (head: DirectHead, body: Uint8Array) => void;

/** Head of a playlist that only this viewer gets. */
export const OWN_PLAYLIST = new DirectHead(200, {
  "Content-Type": PLAYLIST_TYPE,
  "Cache-Control": OWN,
});

/** Heads of answers without a body. */
export const EMPTY = {
  400: new DirectHead(400),
  404: new DirectHead(404),
  500: new DirectHead(500),
} as const;

/** Head of a playlist that a delivery network may keep as long as `cacheControl` says. */
export function sharedPlaylist(cacheControl: string): DirectHead {
  return new DirectHead(200, {
    "Content-Type": PLAYLIST_TYPE,
    "Cache-Control": cacheControl,
  });
}

/** Head of a file. Input: its MIME type; whether it goes to a delivery network. */
export function fileHead(type: string, isCdn: boolean): DirectHead {
  const key = `${type} ${isCdn}`;
  let head = heads.get(key);
  if (head === undefined) {
    head = new DirectHead(200, fileFields(type, isCdn));
    heads.set(key, head);
  }
  return head;
}

/** Answers with a file, or the range of it that the field `Range` asks for. Spec: RFC 9110 §14. Hot path. */
export function answerFile(
  header: string | undefined,
  bytes: Uint8Array,
  { type, isCdn, answer }: {
    readonly type: string;
    readonly isCdn: boolean;
    readonly answer: Answer;
  },
): void {
  if (header === undefined) return answer(fileHead(type, isCdn), bytes);
  const range = parseRange(header, bytes.length);
  // Others than one range of bytes may be ignored; of what is empty, as gaps are, there is none.
  if (range === undefined || bytes.length === 0) {
    return answer(fileHead(type, isCdn), bytes);
  }
  const { from, end } = range;
  const isThere = from < end;
  const place = isThere ? `${from}-${end - 1}` : "*";
  const fields = {
    ...fileFields(type, isCdn),
    "Content-Range": `bytes ${place}/${bytes.length}`,
  };
  answer(
    new DirectHead(isThere ? 206 : 416, fields),
    isThere ? bytes.subarray(from, end) : new Uint8Array(),
  );
}

function fileFields(type: string, isCdn: boolean): Record<string, string> {
  return {
    "Content-Type": type,
    "Cache-Control": isCdn ? "public, max-age=3600" : OWN,
    "Accept-Ranges": "bytes",
  };
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
