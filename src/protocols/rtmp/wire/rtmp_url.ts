import { ParseError } from "#base/errors.ts";

/** What a peer asks for with its URL. */
export interface RtmpTarget {
  /** Name of the path, percent escapes resolved; may be one that no path can have. */
  readonly pathName: string;
  /** Text behind `?` as it came, without it; empty if there was none. */
  readonly query: string;
}

/**
 * Joins the URL of `connect` and the stream key of `play` or `publish`.
 *
 * `rtmp://host/app` and `key` mean the path `app/key`; without a key it is `app`. Both may have a query, then they
 * are joined with `&`. One slash at the end of the URL is ignored if a key follows; without a key it stays in the
 * name, which makes it invalid.
 *
 * Deviates: a key that the URL has already ({@linkcode isKeyInUrl}) counts once.
 *
 * @throws {ParseError} if `tcUrl` is no URL or has a bad percent escape.
 */
export function parseRtmpTarget(
  tcUrl: string,
  streamKey: string,
  connectApp = "",
): RtmpTarget {
  const [urlPath, urlQuery] = splitUrl(tcUrl);
  const [key, keyQuery] = splitQuery(streamKey);
  const joined = key === "" || isKeyInUrl(tcUrl, streamKey, connectApp)
    ? urlPath
    : `${urlPath.replace(/\/$/, "")}/${key}`;
  const query = urlQuery === "" || keyQuery === ""
    ? urlQuery + keyQuery
    : `${urlQuery}&${keyQuery}`;
  try {
    return { pathName: decodeURIComponent(joined.replace(/^\/+/, "")), query };
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause;
    throw urlError("must have valid percent escapes", tcUrl.indexOf("://") + 3);
  }
}

/**
 * Whether the URL of `connect` goes on behind its `app` with the stream key: so node-media-server 4.4.3 calls.
 *
 * @throws {ParseError} if `tcUrl` is no URL.
 */
export function isKeyInUrl(
  tcUrl: string,
  streamKey: string,
  connectApp: string,
): boolean {
  const [key] = splitQuery(streamKey);
  return key !== "" && splitUrl(tcUrl)[0] === `${connectApp}/${key}`;
}

/** What stands behind host and slash, and the query. */
function splitUrl(tcUrl: string): [path: string, query: string] {
  const schemeEnd = tcUrl.indexOf("://");
  if (schemeEnd < 1) throw urlError("must have a scheme and a host", 0);
  const [base, query] = splitQuery(tcUrl.slice(schemeEnd + 3));
  const hostEnd = base.indexOf("/");
  return [hostEnd < 0 ? "" : base.slice(hostEnd + 1), query];
}

function splitQuery(text: string): [before: string, query: string] {
  const mark = text.indexOf("?");
  return mark < 0 ? [text, ""] : [text.slice(0, mark), text.slice(mark + 1)];
}

function urlError(reason: string, offsetBytes: number): ParseError {
  return new ParseError(reason, {
    format: "RTMP URL",
    field: "tcUrl",
    offsetBytes,
  });
}
