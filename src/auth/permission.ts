import type { Action } from "#base/access.ts";
import { RE2JS, RE2JSException } from "re2js";

/** Actions that a permission can name. */
export const ACTIONS: readonly Action[] = [
  "publish",
  "read",
  "playback",
  "api",
  "metrics",
  "pprof",
];

/** Actions for which the path of a permission counts. */
const PATH_ACTIONS: ReadonlySet<Action> = new Set([
  "publish",
  "read",
  "playback",
]);

/** A permission as it is configured. */
export interface PermissionConfig {
  readonly action: string;
  /** Empty: any path; `~` and a pattern; else the path's name. */
  readonly path: string;
}

/** A permission, ready to be asked. */
export interface Permission {
  readonly action: Action;
  /** Never looked at for an action that concerns no path. */
  matchesPath(pathName: string): boolean;
}

/**
 * Compiles a permission, once for all requests.
 *
 * A pattern that is not valid matches no path.
 *
 * @throws {RangeError} if the action is not known.
 */
export function compilePermission(config: PermissionConfig): Permission {
  const action = ACTIONS.find((known) => known === config.action);
  if (!action) throw new RangeError(`invalid auth action: '${config.action}'`);
  return { action, matchesPath: compilePath(config.path) };
}

/** Whether one of the permissions allows the action on the path. */
export function isPermitted(
  permissions: readonly Permission[],
  action: Action,
  pathName: string,
): boolean {
  return permissions.some((permission) =>
    permission.action === action &&
    (!PATH_ACTIONS.has(action) || permission.matchesPath(pathName))
  );
}

function compilePath(path: string): (pathName: string) => boolean {
  if (path === "") return () => true;
  if (!path.startsWith("~")) return (pathName) => pathName === path;
  const pattern = compilePattern(path.slice(1));
  return (pathName) => pattern?.test(pathName) ?? false;
}

function compilePattern(pattern: string): RE2JS | undefined {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (error instanceof RE2JSException) return undefined;
    throw error;
  }
}
