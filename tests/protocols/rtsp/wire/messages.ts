import type { RtspHeaders } from "#protocols/rtsp/wire/rtsp_headers.ts";

/** Text as bytes. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Bytes as text. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** A message as plain data, for comparisons. */
export function plain(
  message: { readonly headers: RtspHeaders; readonly body: Uint8Array },
): unknown {
  return {
    ...message,
    headers: [...message.headers],
    body: textOf(message.body),
  };
}

/** One table for every test of requests; each is in the form that the writer gives. */
export const REQUESTS = [
  {
    name: "OPTIONS [FFmpeg 7]",
    text:
      "OPTIONS rtsp://127.0.0.1:8554/cam RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: Lavf61.7.100\r\n\r\n",
    request: {
      method: "OPTIONS",
      url: "rtsp://127.0.0.1:8554/cam",
      headers: [["CSeq", "1"], ["User-Agent", "Lavf61.7.100"]],
      body: "",
    },
  },
  {
    name: "ANNOUNCE with a body [made by hand]",
    text:
      "ANNOUNCE rtsp://h/cam?a=b RTSP/1.0\r\nCSeq: 2\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n",
    request: {
      method: "ANNOUNCE",
      url: "rtsp://h/cam?a=b",
      headers: [["CSeq", "2"], ["Content-Type", "application/sdp"], [
        "Content-Length",
        "5",
      ]],
      body: "v=0\r\n",
    },
  },
  {
    name: "an unknown method, the URL * and a header twice [made by hand]",
    text: "x-Do_it * RTSP/1.0\r\nA: 1\r\nA: 2\r\n\r\n",
    request: {
      method: "x-Do_it",
      url: "*",
      headers: [["A", "1"], ["A", "2"]],
      body: "",
    },
  },
  {
    name: "no headers and a URL in UTF-8 [made by hand]",
    text: "PLAY rtsp://h/é RTSP/1.0\r\n\r\n",
    request: { method: "PLAY", url: "rtsp://h/é", headers: [], body: "" },
  },
];
