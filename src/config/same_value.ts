import { IpNetwork } from "#base/ip.ts";
import { Secret } from "#base/secret.ts";

/** Whether two values of the configuration are equal in all their parts. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (a instanceof Secret) {
    return b instanceof Secret && a.reveal() === b.reveal();
  }
  if (a instanceof IpNetwork) {
    return b instanceof IpNetwork && String(a) === String(b);
  }
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length &&
      a.every((element, i) => sameValue(element, b[i]));
  }
  if (!isObject(a) || !isObject(b) || Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameValue(a[key], b[key]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
