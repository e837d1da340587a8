import type { SessionInfo } from "#core/session_info.ts";
import { sessionJson } from "#events/event_json.ts";

/** A path, as its hooks are told of it. */
export interface HookPath {
  readonly pathName: string;
  /** What the groups of the path's pattern took. */
  readonly groups: readonly string[];
  /** Port of the RTSP server; empty if there is none. */
  readonly rtspPort: string;
}

/** Variables that every command of a path is told. */
export function pathVariables(
  { pathName, groups, rtspPort }: HookPath,
): Record<string, string> {
  const variables: Record<string, string> = {
    MTX_PATH: pathName,
    RTSP_PATH: pathName,
    RTSP_PORT: rtspPort,
  };
  for (const [i, group] of groups.entries()) variables[`G${i + 1}`] = group;
  return variables;
}

/** Variables that tell of a session: its query, and type and id as `MTX_SOURCE_…` or `MTX_READER_…`. */
export function sessionVariables(
  role: "source" | "reader",
  session: SessionInfo,
): Record<string, string> {
  const { type, id } = sessionJson(session);
  return {
    MTX_QUERY: escapedQuery(session.query),
    [`MTX_${role.toUpperCase()}_TYPE`]: type,
    [`MTX_${role.toUpperCase()}_ID`]: id,
  };
}

/** The query as one value of another query: `a=b c` becomes `a%3Db+c`. */
export function escapedQuery(query: string): string {
  return encodeURIComponent(query.toWellFormed())
    .replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16)}`)
    .replace(/%20/g, "+")
    .replace(/%[\da-f]{2}/g, (one) => one.toUpperCase());
}

/** Port of an address; empty if it has none. */
export function portOf(address: string): string {
  return /:(\d+)$/.exec(address)?.[1] ?? "";
}
