import type { Context } from "hono";
import type { AccessRequest } from "#base/access.ts";
import type { PathError } from "#core/errors.ts";
import { readCredentials } from "#http/credentials.ts";
import type { HttpEnv } from "#http/http_service.ts";
import { errorResponse } from "#http/json.ts";

/** A request on the port of the HLS server. */
export type HlsRequest = Context<HttpEnv>;

/**
 * One row of the table of what is served on the port: the first row that answers has it. GET only.
 *
 * Input: `urlPath`, the path of the URL with a slash in front, its escapes resolved, e.g. `"/live/cam/index.m3u8"`.
 * Output: undefined if it is not the row's. What it throws is answered: with 401 and a challenge for an
 * `AuthenticationError`, by `pathErrorResponse()` for a `PathError`, with its status for an `HttpError`.
 */
export type HlsRoute = (
  request: HlsRequest,
  urlPath: string,
) => Promise<Response> | Response | undefined;

/** Who asks to read a path; authentication happens where this is given to `ports.access`. */
export function accessRequest(
  request: HlsRequest,
  { pathName, query, sessionId }: Pick<
    AccessRequest,
    "pathName" | "query" | "sessionId"
  >,
): AccessRequest {
  const { ip, signal } = request.var;
  const { headers } = request.req.raw;
  return {
    action: "read",
    pathName,
    query,
    protocol: "hls",
    sessionId,
    ip,
    userAgent: headers.get("User-Agent") ?? "",
    credentials: readCredentials(headers),
    signal,
  };
}

/** Query of a request as it was sent, without the question mark. */
export function queryOf({ req: { url } }: HlsRequest): string {
  const queryAt = url.indexOf("?");
  return queryAt < 0 ? "" : url.slice(queryAt + 1);
}

/** Answer to a path that cannot be read. */
export function pathErrorResponse(error: PathError): Response {
  const status = error.code === "no_stream" ? 404 : 500;
  return errorResponse(error.message, { status });
}
