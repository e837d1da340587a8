import type { ParseError } from "#base/errors.ts";
import {
  headerError,
  parseParameter,
  quote,
  splitOutsideQuotes,
} from "./parameters.ts";

const FORMAT = "Authorization header";

/** User and password in clear. Spec: RFC 2617 §2. */
export interface BasicAuthorization {
  readonly kind: "basic";
  readonly user: string;
  readonly password: string;
}

/** Proof that the peer knows the password. Spec: RFC 2617 §3.2.2. */
export interface DigestAuthorization {
  readonly kind: "digest";
  readonly user: string;
  readonly realm: string;
  readonly nonce: string;
  /** URL that the proof is about. */
  readonly uri: string;
  /** Hexadecimal digits. */
  readonly response: string;
  /** Undefined means MD5. */
  readonly algorithm: string | undefined;
  /** Quality of protection; undefined means that of RFC 2069. */
  readonly qop: string | undefined;
  /** Count of requests with this nonce, as it came. */
  readonly nonceCount: string | undefined;
  /** Nonce of the client. */
  readonly clientNonce: string | undefined;
}

/**
 * Parses an `Authorization` header of the schemes Basic and Digest.
 *
 * Limits: none beyond those of a header line.
 * Spec: RFC 2617 §2, §3.2.2.
 *
 * @throws {ParseError} if the scheme is another one, or a part is missing.
 */
export function parseAuthorization(
  text: string,
): BasicAuthorization | DigestAuthorization {
  const trimmed = text.trim();
  const end = trimmed.search(/\s/);
  const scheme = end < 0 ? trimmed : trimmed.slice(0, end);
  const rest = trimmed.slice(scheme.length).trim();
  switch (scheme.toLowerCase()) {
    case "basic":
      return parseBasic(rest);
    case "digest":
      return parseDigest(rest);
    default:
      throw authorizationError("must be Basic or Digest", "scheme");
  }
}

/** Writes an `Authorization` header. Spec: RFC 2617 §2, §3.2.2. */
export function serializeAuthorization(
  authorization:
    | BasicAuthorization
    | (DigestAuthorization & { readonly opaque: string | undefined }),
): string {
  if (authorization.kind === "basic") {
    const { user, password } = authorization;
    const pair = new TextEncoder().encode(`${user}:${password}`);
    return `Basic ${pair.toBase64()}`;
  }
  const { user, realm, nonce, uri, response } = authorization;
  const { algorithm, qop, nonceCount, clientNonce, opaque } = authorization;
  const parts = [
    `username=${quote(user)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(uri)}`,
    `response=${quote(response)}`,
  ];
  if (algorithm) parts.push(`algorithm=${algorithm}`);
  if (opaque !== undefined) parts.push(`opaque=${quote(opaque)}`);
  if (qop && nonceCount && clientNonce) {
    parts.push(`qop=${qop}`, `nc=${nonceCount}`);
    parts.push(`cnonce=${quote(clientNonce)}`);
  }
  return `Digest ${parts.join(", ")}`;
}

function parseBasic(base64: string): BasicAuthorization {
  let pair: string;
  try {
    pair = new TextDecoder().decode(Uint8Array.fromBase64(base64));
  } catch (cause) {
    throw authorizationError("is not Base64", "credentials", { cause });
  }
  const colon = pair.indexOf(":");
  if (colon < 0) {
    throw authorizationError("must be a user and a password", "credentials");
  }
  const user = pair.slice(0, colon);
  return { kind: "basic", user, password: pair.slice(colon + 1) };
}

function parseDigest(text: string): DigestAuthorization {
  const values = new Map<string, string>();
  for (const piece of splitOutsideQuotes(text, ",")) {
    const { name, value } = parseParameter(piece);
    if (value === undefined) {
      throw authorizationError("must have a value", name);
    }
    if (values.has(name)) throw authorizationError("is there twice", name);
    values.set(name, value);
  }
  return {
    kind: "digest",
    user: required(values, "username"),
    realm: required(values, "realm"),
    nonce: required(values, "nonce"),
    uri: required(values, "uri"),
    response: required(values, "response"),
    algorithm: values.get("algorithm"),
    qop: values.get("qop"),
    nonceCount: values.get("nc"),
    clientNonce: values.get("cnonce"),
  };
}

function required(values: ReadonlyMap<string, string>, name: string): string {
  const value = values.get(name);
  if (value === undefined) throw authorizationError("is missing", name);
  return value;
}

function authorizationError(
  reason: string,
  field: string,
  options?: ErrorOptions,
): ParseError {
  return headerError(reason, { format: FORMAT, field }, options);
}
