import type { IpNetwork } from "#base/ip.ts";
import type { Secret } from "#base/secret.ts";
import type { AccessRequest } from "#base/access.ts";
import { type Credential, parseCredential } from "./credential.ts";
import {
  compilePermission,
  isPermitted,
  type Permission,
  type PermissionConfig,
} from "./permission.ts";

/** Name of the user that stands for everyone, with or without credentials. */
const ANYONE = "any";

/** A user as it is configured. */
export interface InternalUserConfig {
  readonly user: string;
  /** Empty: any password will do. */
  readonly pass: Secret;
  /** Addresses and networks the user may come from; empty: anywhere. */
  readonly ips: readonly IpNetwork[];
  readonly permissions: readonly PermissionConfig[];
}

/** A user, ready to be compared with requests. */
export interface InternalUser {
  /** Undefined: everyone. */
  readonly user: Credential | undefined;
  /** Undefined: any password will do. */
  readonly pass: Credential | undefined;
  readonly ips: readonly IpNetwork[];
  readonly permissions: readonly Permission[];
}

/** The part of an access request that configured users are compared with. */
export type InternalAuthRequest = Pick<
  AccessRequest,
  "action" | "pathName" | "ip" | "credentials"
>;

/**
 * Compiles a configured user, once for all requests.
 *
 * @throws {RangeError} if the user is empty, `any` has a password, or a credential or action is not valid.
 */
export function internalUserFrom(config: InternalUserConfig): InternalUser {
  const { user } = config;
  const pass = config.pass.reveal();
  if (user === "") throw new RangeError("empty usernames are not supported");
  if (user === ANYONE && pass !== "") {
    throw new RangeError("using a password with 'any' user is not supported");
  }
  return {
    user: user === ANYONE ? undefined : parseCredential(user),
    pass: pass === "" ? undefined : parseCredential(pass),
    ips: config.ips,
    permissions: config.permissions.map(compilePermission),
  };
}

/**
 * Finds the first user that fits: address, then permission, then credentials.
 *
 * Output: the name that the peer gave, empty for an anonymous one; undefined if no user fits.
 */
export async function authenticateInternal(
  users: readonly InternalUser[],
  request: InternalAuthRequest,
): Promise<{ readonly user: string } | undefined> {
  const { action, pathName, ip, credentials } = request;
  for (const user of users) {
    const isNear = user.ips.length === 0 ||
      user.ips.some((network) => network.contains(ip));
    if (!isNear || !isPermitted(user.permissions, action, pathName)) continue;
    if (await hasCredentials(user, request)) {
      return { user: "user" in credentials ? credentials.user : "" };
    }
  }
  return undefined;
}

async function hasCredentials(
  { user, pass }: InternalUser,
  { credentials, ip }: InternalAuthRequest,
): Promise<boolean> {
  if (!user) return true;
  if (!("user" in credentials)) return false;
  if (!await user.matches(credentials.user, ip)) return false;
  if (!pass) return true;
  if (credentials.kind === "password") {
    return await pass.matches(credentials.password, ip);
  }
  return pass.plain !== undefined && credentials.verify(pass.plain.reveal());
}
