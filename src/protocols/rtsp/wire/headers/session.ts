import {
  headerError,
  parseDecimal,
  parseParameter,
  splitOutsideQuotes,
} from "./parameters.ts";

const FORMAT = "Session header";
const MAX_TIMEOUT_SECONDS = 0xffff_ffff;

/** Characters of a session's id. */
export const MAX_SESSION_ID_CHARS = 256;

/** Which session a message belongs to. Spec: RFC 2326 §12.37. */
export interface SessionHeader {
  readonly id: string;
  /** Silence after which the server closes the session; undefined if the header does not say. */
  readonly timeoutSeconds: number | undefined;
}

/**
 * Parses a `Session` header.
 *
 * Limits: {@linkcode MAX_SESSION_ID_CHARS}.
 * Spec: RFC 2326 §12.37.
 *
 * @throws {ParseError} if there is no id, it is too long, or the timeout is no count of seconds.
 */
export function parseSession(text: string): SessionHeader {
  const [id, ...pieces] = splitOutsideQuotes(text, ";");
  if (!id || id.length > MAX_SESSION_ID_CHARS) {
    throw headerError(
      `must have 1 to ${MAX_SESSION_ID_CHARS} characters`,
      { format: FORMAT, field: "session-id" },
    );
  }
  let timeoutSeconds: number | undefined;
  for (const piece of pieces) {
    const { name, value } = parseParameter(piece);
    if (name !== "timeout") continue;
    const context = { format: FORMAT, field: name };
    timeoutSeconds = parseDecimal(value, MAX_TIMEOUT_SECONDS, context);
  }
  return { id, timeoutSeconds };
}

/** Writes a `Session` header. Spec: RFC 2326 §12.37. */
export function serializeSession(session: SessionHeader): string {
  const { id, timeoutSeconds } = session;
  return timeoutSeconds === undefined ? id : `${id};timeout=${timeoutSeconds}`;
}
