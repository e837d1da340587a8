/** Longest path name: as long as one name in a file system may be. */
export const MAX_PATH_NAME_CHARS = 255;

const ALLOWED = /^[0-9A-Za-z_\-/.]*$/;

/** Names that Windows takes for a device, whatever comes after a dot. */
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i;

/**
 * Why a path name is refused, whether it stands in the configuration or a client asks for it.
 *
 * Output: `undefined` if it is fine, else the end of the error text.
 * Limits: {@linkcode MAX_PATH_NAME_CHARS}.
 * Spec: MediaMTX's configuration file. Stricter: parts that mean something to a file system are refused.
 */
export function validatePathName(name: string): string | undefined {
  if (name === "") return "cannot be empty";
  if (name.length > MAX_PATH_NAME_CHARS) {
    return `cannot be longer than ${MAX_PATH_NAME_CHARS} characters`;
  }
  if (name.startsWith("/")) return "can't begin with a slash";
  if (name.endsWith("/")) return "can't end with a slash";
  if (!ALLOWED.test(name)) {
    return "can contain only alphanumeric characters, underscore, dot, minus, slash";
  }
  for (const part of name.split("/")) {
    if (/^\.+$/.test(part)) return "can't contain dot path segments";
    if (WINDOWS_DEVICE.test(part)) return "can't contain names of devices";
  }
  return undefined;
}
