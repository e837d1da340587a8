import { HttpError } from "./http_error.ts";

/** Lists in objects in lists: deeper than any configuration. */
const MAX_JSON_DEPTH = 64;

const CODE = {
  quote: 0x22,
  backslash: 0x5c,
  openBracket: 0x5b,
  closeBracket: 0x5d,
  openBrace: 0x7b,
  closeBrace: 0x7d,
} as const;

/** Characters that a page or a script could take for something else. */
const UNSAFE_CHARACTERS = /[<>&\u2028\u2029]/g;

/** Compact JSON in which no character means anything to a page that shows it. */
export function serializeJson(value: unknown): string {
  return JSON.stringify(value).replace(
    UNSAFE_CHARACTERS,
    (character) =>
      `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Media type of JSON as this program writes it. */
export const JSON_TYPE = "application/json; charset=utf-8";

/** An answer with a body of JSON. */
export function jsonResponse(
  value: unknown,
  init: ResponseInit = {},
): Response {
  const headers = new Headers(init.headers);
  headers.set("Content-Type", JSON_TYPE);
  return new Response(serializeJson(value), { ...init, headers });
}

/** The body of every error. */
export function errorResponse(
  message: string,
  init: ResponseInit & { readonly status: number },
): Response {
  return jsonResponse({ status: "error", error: message }, init);
}

/**
 * Reads JSON.
 *
 * Limits: {@linkcode MAX_JSON_DEPTH}, checked before anything is built.
 *
 * @throws {HttpError} 400 if it is empty, is no JSON or too deep.
 */
export function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) {
    throw new HttpError(400, "unexpected end of JSON input");
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new HttpError(400, "Cannot read JSON: it is no UTF-8", { cause });
  }
  checkDepth(text);
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? cause.message : "";
    throw new HttpError(400, `Cannot read JSON: ${reason}`, { cause });
  }
}

function checkDepth(text: string): void {
  let depth = 0;
  let isInText = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isInText) {
      if (code === CODE.backslash) i++;
      else if (code === CODE.quote) isInText = false;
    } else if (code === CODE.quote) {
      isInText = true;
    } else if (code === CODE.openBracket || code === CODE.openBrace) {
      if (++depth > MAX_JSON_DEPTH) {
        throw new HttpError(
          400,
          `Cannot read JSON: more than ${MAX_JSON_DEPTH} levels`,
        );
      }
    } else if (code === CODE.closeBracket || code === CODE.closeBrace) {
      depth--;
    }
  }
}
