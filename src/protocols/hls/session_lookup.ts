import type { HlsSession } from "./session.ts";
import type { HlsSessions } from "./sessions.ts";
import { queryValue } from "./wire/playlist_query.ts";

/** What a viewer that keeps cookies proves itself with. */
export const SESSION_COOKIE = "hlsSession";

/** The same in queries, of viewers that do not. */
export const SESSION_PARAMETER = "session";

/** What of a request tells whose it is. */
export interface ViewerMarks {
  readonly pathName: string;
  readonly query: string;
  /** Header with all cookies. */
  readonly cookies: string;
  readonly ip: string;
}

/** The session that a request belongs to; undefined if there is none. Hot path. */
export function findSession(
  sessions: HlsSessions,
  { pathName, query, cookies, ip }: ViewerMarks,
): HlsSession | undefined {
  const secret = cookieOf(cookies, SESSION_COOKIE) ??
    queryValue(query, SESSION_PARAMETER);
  return secret === undefined ? undefined : sessions.find(secret, pathName, ip);
}

/** Whether cookies say whose a request is, whatever its query says. */
export function hasSessionCookie(cookies: string): boolean {
  return cookieOf(cookies, SESSION_COOKIE) !== undefined;
}

/** Value of a cookie; undefined if it is not there. */
export function cookieOf(cookies: string, name: string): string | undefined {
  if (!cookies.includes(`${name}=`)) return undefined;
  for (const cookie of cookies.split(";")) {
    const [key = "", value] = cookie.trim().split("=", 2);
    if (key === name) return value;
  }
  return undefined;
}
