import hlsScript from "hls.js/dist/hls.min.js" with { type: "text" };
import type { Hono } from "hono";
import page from "./recordings.html" with { type: "text" };
import pageScript from "./recordings.js" with { type: "text" };
import styles from "./recordings.css" with { type: "text" };
import type { HttpEnv } from "#http/http_service.ts";

const SCRIPT_TYPE = "application/javascript; charset=utf-8";

/** The page and what it loads. */
const FILES: ReadonlyMap<string, { type: string; text: string }> = new Map([
  ["/", { type: "text/html; charset=utf-8", text: page }],
  ["/hls.min.js", { type: SCRIPT_TYPE, text: hlsScript }],
  ["/recordings.js", { type: SCRIPT_TYPE, text: pageScript }],
  ["/recordings.css", { type: "text/css; charset=utf-8", text: styles }],
]);

/** The page loads nothing but its files and the recordings, and runs no script but those. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "media-src 'self' blob:",
  // The library takes media apart in a thread of its own.
  "worker-src 'self' blob:",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Adds the page that lists recordings and plays them, and what it loads: there is nothing secret in them. */
export function addRecordingsPage(app: Hono<HttpEnv>): void {
  for (const [path, { type, text }] of FILES) {
    app.get(path, () =>
      new Response(text, {
        headers: {
          "Cache-Control": "max-age=3600",
          "Content-Security-Policy": CONTENT_SECURITY_POLICY,
          "Content-Type": type,
          "Referrer-Policy": "no-referrer",
          "X-Content-Type-Options": "nosniff",
        },
      }));
  }
}
