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
 * Deviates: a URL that has the key behind `app`, the other part of `connect`, has it once [node-media-server 4.4.3].
 *
 * @throws {ParseError} if `tcUrl` is no URL or has a bad percent escape.
 */
export function parseRtmpTarget(
  tcUrl: string,
  streamKey: string,
  connectApp = "",
): RtmpTarget {
  const schemeEnd = tcUrl.indexOf("://");
  if (schemeEnd < 1) throw urlError("must have a scheme and a host", 0);
  const [base, baseQuery] = splitQuery(tcUrl.slice(schemeEnd + 3));
  const [key, keyQuery] = splitQuery(streamKey);
  const hostEnd = base.indexOf("/");
  const app = hostEnd < 0 ? "" : base.slice(hostEnd + 1);
  const hasKey = key === "" || app === `${connectApp}/${key}`;
  const joined = hasKey ? app : `${app.replace(/\/$/, "")}/${key}`;
  const query = baseQuery === "" || keyQuery === ""
    ? baseQuery + keyQuery
    : `${baseQuery}&${keyQuery}`;
  try {
    return { pathName: decodeURIComponent(joined.replace(/^\/+/, "")), query };
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause;
    throw urlError("must have valid percent escapes", schemeEnd + 3);
  }
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
