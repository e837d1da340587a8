/** Headers whose values are nobody's business. */
const SECRET_HEADERS: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "proxy-authorization",
  "set-cookie",
  "x-api-key",
  "x-auth-token",
]);

/** Head of a request for the log, without its query and what stands in secret headers. */
export function requestText(
  method: string,
  path: string,
  headers: Headers,
): string {
  return `[c->s] ${method} ${path} ${headersText(headers)}`;
}

/** Head of an answer for the log. */
export function responseText({ status, headers }: Response): string {
  return `[s->c] ${status} ${headersText(headers)}`;
}

function headersText(headers: Headers): string {
  return Array.from(
    headers,
    ([name, value]) =>
      `${name}: ${SECRET_HEADERS.has(name) ? "<redacted>" : value}`,
  ).join(", ");
}
