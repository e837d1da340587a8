// deno-lint-ignore no-control-regex
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]/;

/**
 * Path of the file or folder that a URL means, with percent-encoded characters decoded.
 *
 * Output: `undefined` if it is none: it has a host, a query, a fragment or a control character, or leaves a folder by
 * `..`, which what strangers fill in for a variable must not do.
 * Spec: RFC 8089. A letter of a drive stands behind the third slash.
 */
export function filePathOf(url: string): string | undefined {
  const encoded = /^file:\/\/(\/[^?#]*)$/.exec(url)?.[1];
  if (encoded === undefined) return undefined;
  let path: string;
  try {
    path = decodeURIComponent(encoded);
  } catch {
    return undefined; // a percent sign that encodes nothing
  }
  const isRefused = CONTROL_CHARACTERS.test(path) ||
    path.split(/[/\\]/).includes("..");
  return isRefused ? undefined : path.replace(/^\/(?=[A-Za-z]:)/, "");
}
