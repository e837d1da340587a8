import { z } from "zod";
import type { RawObject } from "#base/schema.ts";
import type { Change, ChangeOptions, ChangePlan } from "#config/control.ts";
import { type ConfigEdit, ConfigEditError } from "#config/edit.ts";
import { ConfigError } from "#config/errors.ts";
import {
  type Config,
  GLOBAL_FIELDS,
  PATH_FIELDS,
  type PathConfig,
  type PathValues,
} from "#config/root_schema.ts";
import { HttpError } from "#http/http_error.ts";
import { parseJson } from "#http/json.ts";
import { fieldsSchema, printFields } from "#api/config_values.ts";
import type { ApiParts, ConfigAccess } from "#api/context.ts";
import type { ApiContext, Operation } from "#api/operation.ts";
import { PAGE_QUERY, pageOf } from "#api/pagination.ts";
import { nameOf, readFlag } from "#api/read_request.ts";
import { listSchema, objectSchema } from "#api/schemas.ts";
import { restoreUrlPasswords } from "#api/url_passwords.ts";

/** Bodies with parts of the configuration. */
const MAX_CONFIG_BYTES = 10 * 1_024 * 1_024;

/** Name of this module, as plans have it. */
const OWN_NAME = "API";

const GLOBAL_CONF = objectSchema("GlobalConf", fieldsSchema(GLOBAL_FIELDS));
const PATH_CONF = objectSchema("PathConf", {
  name: z.string().optional().describe("Key of the entry; has no effect."),
  ...fieldsSchema(PATH_FIELDS),
});
const PATH_CONF_LIST = listSchema("PathConfList", PATH_CONF);

const CHANGE_QUERY = z.object({
  dryRun: z.enum(["0", "1"]).optional()
    .describe("1: changes nothing, says what would happen."),
});

const PLAN = objectSchema("ConfigPlan", {
  restarts: z.array(z.string()).describe("Servers that start anew."),
  paths: z.array(z.object({ name: z.string(), change: z.string() }))
    .describe("Entries of paths that change."),
  cut: z.array(z.object({
    type: z.string(),
    id: z.string(),
    remoteAddr: z.string(),
    path: z.string(),
    user: z.string(),
  })).describe("Sessions that would end."),
});

const CHANGED = objectSchema("ConfigChanged", {
  status: z.literal("ok"),
  plan: PLAN.optional().describe("Only with dryRun."),
});

const ORIGINS = objectSchema("ConfigOrigins", {
  origins: z.record(z.string(), z.string())
    .describe("File, line and column, variable, or default, by key."),
});

/** What the operations that change something have in common. */
const CHANGING = {
  tag: "Configuration",
  query: CHANGE_QUERY,
  answer: CHANGED,
} as const;

/** Operations on the configuration. */
export function configOperations({ control }: ApiParts): Operation[] {
  return [
    ...globalOperations(control),
    ...pathOperations(control),
    ...wholeOperations(control),
  ];
}

function globalOperations(control: ConfigAccess): Operation[] {
  return [
    {
      method: "get",
      path: "/v3/config/global/get",
      id: "configGlobalGet",
      tag: "Configuration",
      summary: "Shows the keys that stand outside of paths.",
      answer: GLOBAL_CONF,
      errors: [],
      handle: () => {
        const { config } = control;
        return printFields(GLOBAL_FIELDS, config, [config.given.global]);
      },
    },
    {
      ...CHANGING,
      method: "patch",
      path: "/v3/config/global/patch",
      id: "configGlobalSet",
      summary: "Changes keys that stand outside of paths.",
      body: GLOBAL_CONF,
      errors: [400],
      handle: async (context) => {
        const values = restoreUrlPasswords(
          await readValues(context),
          (key) => Reflect.get(control.config, key),
        );
        return await change(context, control, { kind: "global", values });
      },
    },
    {
      method: "get",
      path: "/v3/config/pathdefaults/get",
      id: "configPathDefaultsGet",
      tag: "Configuration",
      summary: "Shows the keys of every path that has no other.",
      answer: PATH_CONF,
      errors: [],
      handle: () => {
        const { pathDefaults, given } = control.config;
        const printed = printFields(PATH_FIELDS, pathDefaults, [
          given.pathDefaults,
        ]);
        return { name: "", ...printed };
      },
    },
    {
      ...CHANGING,
      method: "patch",
      path: "/v3/config/pathdefaults/patch",
      id: "configPathDefaultsPatch",
      summary: "Changes the keys of every path that has no other.",
      body: PATH_CONF,
      errors: [400],
      handle: async (context) => {
        const { pathDefaults } = control.config;
        const values = await readPathValues(context, pathDefaults);
        return await change(context, control, { kind: "pathDefaults", values });
      },
    },
  ];
}

function pathOperations(control: ConfigAccess): Operation[] {
  const edits = [
    {
      method: "post",
      verb: "add",
      kind: "addPath",
      id: "configPathsAdd",
      summary: "Adds an entry to paths.",
      errors: [400],
    },
    {
      method: "patch",
      verb: "patch",
      kind: "patchPath",
      id: "configPathsPatch",
      summary: "Changes keys of an entry of paths.",
      errors: [400, 404],
    },
    {
      method: "post",
      verb: "replace",
      kind: "replacePath",
      id: "configPathsReplace",
      summary:
        "Replaces an entry of paths, or adds it; keys that are not given have their defaults.",
      errors: [400],
    },
  ] as const;
  return [
    {
      method: "get",
      path: "/v3/config/paths/list",
      id: "configPathsList",
      tag: "Configuration",
      summary: "Shows the entries of paths, by name, with their defaults.",
      query: PAGE_QUERY,
      answer: PATH_CONF_LIST,
      errors: [400],
      handle: (context) => {
        const { config } = control;
        return pageOf(
          [...config.paths.values()],
          (name) => context.req.query(name),
          (path) => printPath(path, config),
        );
      },
    },
    {
      method: "get",
      path: "/v3/config/paths/get/{name}",
      id: "configPathsGet",
      tag: "Configuration",
      summary: "Shows an entry of paths, with its defaults.",
      answer: PATH_CONF,
      errors: [400, 404],
      handle: (context) => {
        const { config } = control;
        const path = config.paths.get(nameOf(context));
        if (!path) throw new HttpError(404, "path configuration not found");
        return printPath(path, config);
      },
    },
    ...edits.map(({ method, verb, kind, id, summary, errors }): Operation => ({
      ...CHANGING,
      method,
      path: `/v3/config/paths/${verb}/{name}`,
      id,
      summary,
      body: PATH_CONF,
      errors,
      handle: async (context) => {
        const name = nameOf(context);
        const { paths, pathDefaults } = control.config;
        const before = paths.get(name) ?? pathDefaults;
        const values = await readPathValues(context, before);
        return await change(context, control, { kind, name, values });
      },
    })),
    {
      ...CHANGING,
      method: "delete",
      path: "/v3/config/paths/delete/{name}",
      id: "configPathsDelete",
      summary: "Removes an entry of paths.",
      errors: [400, 404],
      handle: (context) =>
        change(context, control, { kind: "deletePath", name: nameOf(context) }),
    },
  ];
}

function wholeOperations(control: ConfigAccess): Operation[] {
  return [
    {
      method: "post",
      path: "/v3/reload",
      id: "reload",
      tag: "Configuration",
      summary: "Reads the configuration files again.",
      query: CHANGE_QUERY,
      answer: CHANGED,
      errors: [400],
      handle: (context) =>
        carryOut(context, (options) => control.reload("API request", options)),
    },
    {
      method: "get",
      path: "/v3/config/origins",
      id: "configOrigins",
      tag: "Configuration",
      summary: "Says where each value of the configuration is from.",
      answer: ORIGINS,
      errors: [],
      handle: () => ({ origins: Object.fromEntries(control.origins()) }),
    },
    {
      method: "post",
      path: "/v3/config/overlay/drop",
      id: "configOverlayDrop",
      tag: "Configuration",
      summary: "Takes back everything that was changed by this API.",
      query: CHANGE_QUERY,
      answer: CHANGED,
      errors: [400],
      handle: (context) =>
        carryOut(context, (options) => control.dropOverlay(options)),
    },
  ];
}

function printPath(path: PathConfig, { given }: Config): unknown {
  const { name } = path;
  const own = given.paths.get(name) ?? {};
  const printed = printFields(PATH_FIELDS, path, [own, given.pathDefaults]);
  return { name, ...printed };
}

function change(
  context: ApiContext,
  control: ConfigAccess,
  edit: ConfigEdit,
): Promise<unknown> {
  return carryOut(context, (options) => control.change(edit, options));
}

async function carryOut(
  context: ApiContext,
  begin: (options: ChangeOptions) => Promise<Change>,
): Promise<unknown> {
  const dryRun = readFlag(context, "dryRun");
  if (!dryRun) return await finish(() => begin({}));
  const { plan } = await begun(() => begin({ dryRun }));
  return { status: "ok", plan: describePlan(plan) };
}

/** Waits until the program runs on the change, unless this very service must end for that. */
async function finish(begin: () => Promise<Change>): Promise<void> {
  const { plan, applied } = await begun(begin);
  if (plan.restarts.includes(OWN_NAME)) return;
  try {
    await applied;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new HttpError(500, message, { cause });
  }
}

/** @throws {HttpError} if the change is refused. */
async function begun(begin: () => Promise<Change>): Promise<Change> {
  try {
    return await begin();
  } catch (error) {
    if (error instanceof ConfigEditError) {
      const status = error.code === "path_not_found" ? 404 : 400;
      throw new HttpError(status, error.message, { cause: error });
    }
    if (error instanceof ConfigError) {
      throw new HttpError(400, error.message, { cause: error });
    }
    throw error;
  }
}

function describePlan(
  { restarts, paths, cut }: ChangePlan,
): z.input<typeof PLAN> {
  return {
    restarts: [...restarts],
    paths: paths.map(({ name, change }) => ({ name, change })),
    cut: cut.map(({ type, id, remoteAddress, pathName, user }) => ({
      type,
      id,
      remoteAddr: remoteAddress,
      path: pathName,
      user,
    })),
  };
}

/** @throws {HttpError} 400 if the body is no object of JSON. */
async function readValues(context: ApiContext): Promise<RawObject> {
  const value = parseJson(await context.var.readBody(MAX_CONFIG_BYTES));
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as RawObject;
  }
  throw new HttpError(400, "Cannot use the body: must be keys and values");
}

/** The name of an entry may stand among its keys; it means nothing there. */
async function readPathValues(
  context: ApiContext,
  before: PathValues,
): Promise<RawObject> {
  const { name: _name, ...values } = await readValues(context);
  return restoreUrlPasswords(values, (key) => Reflect.get(before, key));
}
