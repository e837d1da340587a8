import hlsScript from "hls.js/dist/hls.min.js" with { type: "text" };
import type { HlsContext } from "#protocols/hls/context.ts";
import {
  accessRequest,
  type HlsRequest,
  type HlsRoute,
  queryOf,
} from "#protocols/hls/routes.ts";
import page from "./player.html" with { type: "text" };
import playerScript from "./player.js" with { type: "text" };
import styles from "./player.css" with { type: "text" };

const SCRIPT_TYPE = "application/javascript; charset=utf-8";

/** What somebody reads who mistyped a name; a player would wait for ever. */
const NO_PATH_PAGE = `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>No such stream</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="player.css">
  </head>
  <body>
    <p id="message">
      This server has no stream of this name: check the address. A new name
      needs an entry under “paths” in the configuration of the server.
    </p>
  </body>
</html>
`;

/** What the page loads, from its own folder. */
const FILES: ReadonlyMap<string, { type: string; text: string }> = new Map([
  ["hls.min.js", { type: SCRIPT_TYPE, text: hlsScript }],
  ["player.js", { type: SCRIPT_TYPE, text: playerScript }],
  ["player.css", { type: "text/css; charset=utf-8", text: styles }],
]);

/** Nothing is there, whatever path it would be. */
const NO_PATHS = ["", "favicon.ico", "hls.min.js.map"];

/** The page loads nothing but its files and the stream, and runs no script but those. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // The WebSocket of the stream; browsers that know an older standard do not count it to 'self'.
  "connect-src 'self' ws: wss:",
  "media-src 'self' blob:",
  // The library takes media apart in a thread of its own.
  "worker-src 'self' blob:",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

const COMMON_HEADERS = {
  "Cache-Control": "max-age=3600",
  "X-Content-Type-Options": "nosniff",
};

/** Rows of the table of routes: the page of each stream at `/<path>/`, and what it loads. They come last. */
export function playerPage(context: HlsContext): HlsRoute {
  return (request, urlPath) => {
    const slashAt = urlPath.lastIndexOf("/");
    const fileName = urlPath.slice(slashAt + 1);
    const file = FILES.get(fileName);
    if (file) {
      const headers = { ...COMMON_HEADERS, "Content-Type": file.type };
      return new Response(file.text, { headers });
    }
    if (fileName !== "") {
      return NO_PATHS.includes(fileName) ? undefined : redirect(request);
    }
    const pathName = urlPath.slice(1, -1);
    return NO_PATHS.includes(pathName)
      ? undefined
      : show(context, request, pathName);
  };
}

/** Relative addresses in the page mean what is below the path; the answer names no host, whatever the path is. */
function redirect(request: HlsRequest): Response {
  const query = queryOf(request);
  const { pathname } = new URL(request.req.url);
  const name = pathname.slice(pathname.lastIndexOf("/") + 1);
  const location = `./${name}/${query === "" ? "" : `?${query}`}`;
  return new Response(null, { status: 302, headers: { Location: location } });
}

async function show(
  { ports }: HlsContext,
  request: HlsRequest,
  pathName: string,
): Promise<Response> {
  const query = queryOf(request);
  await ports.authenticator.authenticate(
    accessRequest(request, { pathName, query, sessionId: "" }),
  );
  const isThere = ports.paths.takes(pathName);
  return new Response(isThere ? page : NO_PATH_PAGE, {
    status: isThere ? 200 : 404,
    headers: {
      ...COMMON_HEADERS,
      ...!isThere && { "Cache-Control": "no-store" },
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": CONTENT_SECURITY_POLICY,
      "Referrer-Policy": "no-referrer",
    },
  });
}
