import { z } from "zod";
import type { PathInfo } from "#core/path_info.ts";
import { HttpError } from "#http/http_error.ts";
import type { ApiParts } from "#api/context.ts";
import type { ApiContext, Operation } from "#api/operation.ts";
import { PAGE_QUERY, pageOf, pageResponse } from "#api/pagination.ts";
import { describePath, PATH, type PathContext } from "#api/path_answer.ts";
import { nameOf } from "#api/read_request.ts";
import { counter, listSchema, objectSchema, time } from "#api/schemas.ts";
import { parseUuid } from "#api/uuid.ts";

const FORWARD = objectSchema("ForwardDest", {
  id: z.uuid(),
  pos: z.int().min(1),
  created: time(),
  conf: z.object({
    dest: z.string(),
    destFingerprint: z.string(),
    whipBearerToken: z.string(),
  }),
  protocol: z.string(),
  state: z.enum(["idle", "forwarding", "error"]),
  lastError: z.string(),
  outboundBytes: counter(),
});

const PATH_LIST = listSchema("PathList", PATH);
const FORWARD_LIST = listSchema("ForwardDestList", FORWARD);

/** Operations on the paths that are there, and on what they are forwarded to. */
export function pathOperations({ ports }: ApiParts): Operation[] {
  const { paths, clock, rates } = ports;
  const now = (): PathContext => ({
    nowMs: clock.wallMs(),
    rateOf: (name) => rates.ofPath(name),
  });
  const find = (name: string): PathInfo => {
    const path = paths.find(name);
    if (!path) throw new HttpError(404, "path not found");
    return path;
  };
  return [
    {
      method: "get",
      path: "/v3/paths/list",
      id: "pathsList",
      tag: "Paths",
      summary: "Describes all paths, by name.",
      query: PAGE_QUERY,
      answer: PATH_LIST,
      errors: [400],
      handle: (context) => {
        const at = now();
        const all = paths.list().sort(byName);
        return pageResponse(
          all,
          (name) => context.req.query(name),
          (path) => describePath(path, at),
        );
      },
    },
    {
      method: "get",
      path: "/v3/paths/get",
      id: "pathsGetByQuery",
      tag: "Paths",
      summary: "Describes a path whose name stands in the query.",
      query: z.object({ name: z.string().describe("Name of the path.") }),
      answer: PATH,
      errors: [400, 404],
      handle: (context) => {
        const name = context.req.query("name");
        // Without a name it is the other form, with its slash forgotten.
        if (name === undefined) return context.redirect("/v3/paths/get/", 301);
        if (name === "") throw new HttpError(400, "invalid name");
        return describePath(find(name), now());
      },
    },
    {
      method: "get",
      path: "/v3/paths/get/{name}",
      id: "pathsGet",
      tag: "Paths",
      summary: "Describes a path.",
      answer: PATH,
      errors: [400, 404],
      handle: (context) => describePath(find(nameOf(context)), now()),
    },
    {
      method: "get",
      path: "/v3/paths/forward/list",
      id: "pathsForwardList",
      tag: "Paths",
      summary:
        "Describes what a path is forwarded to, in the order of the configuration.",
      query: PAGE_QUERY.extend({ path: z.string() }),
      answer: FORWARD_LIST,
      errors: [400, 404],
      handle: (context) => {
        find(pathOf(context));
        return pageOf(
          NO_FORWARDS,
          (name) => context.req.query(name),
          (forward) => forward,
        );
      },
    },
    {
      method: "get",
      path: "/v3/paths/forward/get",
      id: "pathsForwardGet",
      tag: "Paths",
      summary: "Describes one thing that a path is forwarded to.",
      query: z.object({ path: z.string(), id: z.uuid() }),
      answer: FORWARD,
      errors: [400, 404],
      handle: (context) => {
        parseUuid(context.req.query("id") ?? "");
        find(pathOf(context));
        throw new HttpError(404, "forward destination not found");
      },
    },
  ];
}

/** Nothing is forwarded yet. */
const NO_FORWARDS: readonly z.input<typeof FORWARD>[] = [];

/** @throws {HttpError} 400 if the query names no path. */
function pathOf(context: ApiContext): string {
  const name = context.req.query("path");
  if (!name) throw new HttpError(400, "invalid path");
  return name;
}

function byName(a: PathInfo, b: PathInfo): number {
  return a.name < b.name ? -1 : 1;
}
