import type { RawObject, RawValue } from "#base/schema.ts";
import type { Origins } from "./errors.ts";
import { defaultOf, type Findings } from "./read_fields.ts";
import { GLOBAL_FIELDS } from "./root_schema.ts";
import { sameValue } from "./same_value.ts";

/** Keys of a path from before there were users, with the user key that each becomes. */
const ROLES = [
  {
    action: "publish",
    keys: { user: "publishUser", pass: "publishPass", ips: "publishIPs" },
  },
  {
    action: "read",
    keys: { user: "readUser", pass: "readPass", ips: "readIPs" },
  },
] as const;

/** All of these keys. */
export const LEGACY_CREDENTIAL_KEYS: readonly string[] = ROLES.flatMap(
  ({ keys }) => Object.values(keys),
);

const USERS_KEY = "authInternalUsers";

/**
 * Makes users of the credentials that stand in paths.
 *
 * Only where `authInternalUsers` is what it is by default: anything else is refused.
 * Spec: MediaMTX's configuration file.
 */
export function replaceLegacyCredentials(
  raw: RawObject,
  origins: Origins,
  findings: Findings,
): void {
  const defaults = isObject(raw["pathDefaults"]) ? raw["pathDefaults"] : {};
  const paths = Object.entries(isObject(raw["paths"]) ? raw["paths"] : {});
  const taken = new Map<string, RawObject>();
  const ofDefaults = takeCredentials(defaults);
  let firstKeyPath =
    Object.keys(ofDefaults).slice(0, 1).map((key) => ["pathDefaults", key])[0];
  for (const [name, entry] of paths) {
    const own = isObject(entry) ? takeCredentials(entry) : {};
    firstKeyPath ??=
      Object.keys(own).slice(0, 1).map((key) => ["paths", name, key])[0];
    taken.set(name, { ...ofDefaults, ...own });
  }
  if (!firstKeyPath) return;
  if (hasOtherUsers(raw)) {
    findings.refuse(
      firstKeyPath,
      `authInternalUsers and legacy credentials (${
        LEGACY_CREDENTIAL_KEYS.join(", ")
      }) cannot be used together`,
    );
    return;
  }
  findings.warn(
    firstKeyPath,
    `parameters ${
      LEGACY_CREDENTIAL_KEYS.join(", ")
    } are deprecated and have been replaced with '${USERS_KEY}'`,
  );
  origins.move(firstKeyPath, [USERS_KEY]);
  raw[USERS_KEY] = [
    userOf({}, [{ action: "playback" }]),
    userOf({ ips: ["127.0.0.1", "::1"] }, [
      { action: "api" },
      { action: "metrics" },
      { action: "pprof" },
    ]),
    ...[...taken].flatMap(([name, values]) => usersOf(name, values)),
  ];
}

function takeCredentials(entry: RawObject): RawObject {
  const taken: RawObject = {};
  for (const key of LEGACY_CREDENTIAL_KEYS) {
    if (!Object.hasOwn(entry, key)) continue;
    const value = entry[key]!;
    delete entry[key];
    if (value !== null) taken[key] = value;
  }
  return taken;
}

function hasOtherUsers(raw: RawObject): boolean {
  const users = raw[USERS_KEY];
  if (users === undefined || users === null) return false;
  const field = GLOBAL_FIELDS.get(USERS_KEY)!;
  const parsed = field.type.schema.safeParse(users);
  return !parsed.success || !sameValue(parsed.data, defaultOf(field));
}

function usersOf(name: string, values: RawObject): RawObject[] {
  const path = name === "all" || name === "all_others" ? "~^.*$" : name;
  return ROLES.map(({ action, keys }) =>
    userOf({
      user: values[keys.user] ?? "any",
      pass: values[keys.pass] ?? "",
      ips: values[keys.ips] ?? ["0.0.0.0/0"],
    }, [{ action, path }])
  );
}

function userOf(
  { user, pass, ips }: Partial<Record<"user" | "pass" | "ips", RawValue>>,
  permissions: RawObject[],
): RawObject {
  return {
    user: user === undefined || user === "" ? "any" : user,
    pass: pass ?? "",
    ips: ips ?? [],
    permissions,
  };
}

function isObject(value: RawValue | undefined): value is RawObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
