import { URI_END } from "./media_playlist.ts";

/** Longest query: it comes again behind every URI of a playlist. */
export const MAX_QUERY_CHARS = 2_048;

/** What a viewer of a low-latency playlist asks for. Spec: RFC 8216bis §6.2.5. */
export interface DeliveryDirectives {
  /** Wait for this segment, or a part of it; undefined: answer at once. */
  readonly position:
    | { readonly msn: number; readonly part: number | undefined }
    | undefined;
  /** Leave out what is old. */
  readonly isDelta: boolean;
}

/** What a query may not bring into a playlist as it is. */
const UNSAFE_CHARACTERS = /[^\x21\x23-\x7e]/gu;

/** Value of a parameter as it was sent; undefined if it is not there. Hot path. */
export function queryValue(query: string, name: string): string | undefined {
  const start = `${name}=`;
  let at = query.startsWith(start) ? 0 : query.indexOf(`&${start}`) + 1;
  if (at === 0 && !query.startsWith(start)) return undefined;
  at += start.length;
  const end = query.indexOf("&", at);
  return query.slice(at, end < 0 ? query.length : end);
}

/** Reads the directives of a query; undefined if they are nonsense. Hot path. */
export function parseDirectives(query: string): DeliveryDirectives | undefined {
  const skip = queryValue(query, "_HLS_skip");
  const msnText = queryValue(query, "_HLS_msn");
  const partText = queryValue(query, "_HLS_part");
  const isDelta = skip === "YES" || skip === "v2";
  if (msnText === undefined) {
    return partText === undefined
      ? { position: undefined, isDelta }
      : undefined;
  }
  const msn = parseCount(msnText);
  const part = partText === undefined ? undefined : parseCount(partText);
  const isValid = msn !== undefined && (part !== undefined) ===
      (partText !== undefined);
  return isValid ? { position: { msn, part }, isDelta } : undefined;
}

function parseCount(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** What of a query is the viewer's own, as it was sent. Hot path. */
export function ownQuery(query: string): string {
  if (!query.includes("_HLS_") && !query.includes("cookieCheck=")) return query;
  return query.split("&").filter((one) =>
    !one.startsWith("_HLS_") && !one.startsWith("cookieCheck=")
  ).join("&");
}

/**
 * What stands behind every URI of a playlist that is asked for with this query, so that later requests have it too.
 *
 * Input: `addition`, a parameter of our own. Output: with the question mark; empty if there is nothing. Hot path.
 */
export function uriEnd(query: string, addition = ""): string {
  const own = ownQuery(query).replace(
    UNSAFE_CHARACTERS,
    (character) => encodeURIComponent(character.toWellFormed()),
  );
  if (addition === "") return own === "" ? "" : `?${own}`;
  const name = addition.slice(0, addition.indexOf("=") + 1);
  const others = own.split("&").filter((one) =>
    one !== "" && !one.startsWith(name)
  );
  return `?${[...others, addition].join("&")}`;
}

/** Puts `end` behind every URI of a playlist. */
export function withUriEnds(text: string, end: string): string {
  return text.split(URI_END).join(end);
}
