import { AuthenticationError } from "#base/access.ts";
import { errorText } from "#base/errors.ts";
import { compilePermission, type Permission } from "./permission.ts";

/** Permissions of one token; each may have a pattern. */
const MAX_PERMISSIONS = 1_000;

/**
 * Reads the permissions that a token claims: a list of `{action, path}`, or a text that holds one as JSON.
 *
 * Limits: {@linkcode MAX_PERMISSIONS}.
 *
 * @throws {AuthenticationError} if it is anything else.
 */
export function parseJwtPermissions(claim: unknown): readonly Permission[] {
  const list = typeof claim === "string" ? parseJson(claim) : claim;
  if (!Array.isArray(list)) throw claimError("must be a list");
  if (list.length > MAX_PERMISSIONS) {
    throw claimError(`has more than ${MAX_PERMISSIONS} elements`);
  }
  return list.map(permissionOf);
}

function permissionOf(element: unknown): Permission {
  if (
    typeof element !== "object" || element === null || Array.isArray(element)
  ) {
    throw claimError("elements must be objects");
  }
  const { action, path = "", ...unknown } = element as Record<string, unknown>;
  const [unknownKey] = Object.keys(unknown);
  if (unknownKey !== undefined) {
    throw claimError(`unknown field "${unknownKey}"`);
  }
  if (typeof action !== "string" || typeof path !== "string") {
    throw claimError("action and path must be texts");
  }
  try {
    return compilePermission({ action, path });
  } catch (error) {
    throw claimError(errorText(error));
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw claimError("is no JSON"); // the error would quote the token
  }
}

function claimError(reason: string): AuthenticationError {
  return new AuthenticationError(
    `cannot read permissions of JWT: ${reason}`,
    false,
  );
}
