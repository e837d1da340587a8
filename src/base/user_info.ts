/** User and password of a URL. */
export interface UserInfo {
  readonly user: string;
  /** Empty if there is none. */
  readonly password: string;
}

/**
 * Parses what stands before the at sign of a URL: `user[:password]`, percent-encoded.
 *
 * Spec: RFC 3986 §3.2.1. Deviates: what is no percent-encoding is taken as it is.
 */
export function parseUserInfo(text: string): UserInfo {
  const colon = text.indexOf(":");
  const user = colon < 0 ? text : text.slice(0, colon);
  const password = colon < 0 ? "" : text.slice(colon + 1);
  return { user: decodePercent(user), password: decodePercent(password) };
}

/** Resolves percent escapes; a text in which not all of them are valid comes back as it is. */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a password with a percent sign of its own
  }
}
