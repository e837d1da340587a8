import type { Credentials } from "#base/access.ts";

/**
 * Reads `Authorization`.
 *
 * `Bearer user:password` counts as a password, as MediaMTX's clients send it.
 */
export function readCredentials(headers: Headers): Credentials {
  const header = headers.get("Authorization") ?? "";
  const spaceAt = header.indexOf(" ");
  const scheme = header.slice(0, Math.max(0, spaceAt)).toLowerCase();
  const value = header.slice(spaceAt + 1).trim();
  if (scheme === "bearer") return bearerCredentials(value);
  return scheme === "basic" ? basicCredentials(value) : { kind: "none" };
}

function bearerCredentials(value: string): Credentials {
  const [user = "", password, ...more] = value.split(":");
  return password !== undefined && more.length === 0
    ? { kind: "password", user, password }
    : { kind: "token", token: value };
}

function basicCredentials(value: string): Credentials {
  let text: string;
  try {
    text = new TextDecoder().decode(Uint8Array.fromBase64(value));
  } catch {
    return { kind: "none" }; // no base64: as good as nothing
  }
  const colonAt = text.indexOf(":");
  if (colonAt < 0) return { kind: "none" };
  return {
    kind: "password",
    user: text.slice(0, colonAt),
    password: text.slice(colonAt + 1),
  };
}
