import type { Context, Hono } from "hono";
import type { z } from "zod";
import type { HttpEnv } from "#http/http_service.ts";
import { jsonResponse } from "#http/json.ts";

/** What a handler is given: Hono's context. */
export type ApiContext = Context<HttpEnv>;

/** Part of the document that an operation belongs to. */
export type OperationTag =
  | "General"
  | "Authentication"
  | "Configuration"
  | "Paths"
  | "Sessions"
  | "Recordings"
  | "Events";

/** One thing that the API does: the route and its part of the document come from it. */
export interface Operation {
  readonly method: "get" | "post" | "patch" | "delete";
  /** `{id}` stands for one part of the path, `{name}` for all the rest. */
  readonly path: string;
  readonly id: string;
  readonly tag: OperationTag;
  /** One sentence. */
  readonly summary: string;
  readonly query?: z.ZodObject;
  /** Registered under a name. */
  readonly body?: z.ZodType;
  /** Registered under a name, or the media type of an answer that is no JSON. */
  readonly answer: z.ZodType | string;
  /** Status codes of what may go wrong, beside 401 and 500. */
  readonly errors: readonly number[];
  /** Makes the answer; undefined for the one that only says that it worked. */
  readonly handle: (context: ApiContext) => unknown;
}

/** Answer of operations that have nothing to tell. */
const DONE = { status: "ok" } as const;

/** Serves operations. */
export function addOperations(
  app: Hono<HttpEnv>,
  operations: readonly Operation[],
): void {
  for (const { method, path, handle } of operations) {
    app.on(method.toUpperCase(), routeOf(path), async (context) => {
      const answer = await handle(context);
      return answer instanceof Response ? answer : jsonResponse(answer ?? DONE);
    });
  }
}

/** `{name}` may have slashes in it, and may be empty. */
function routeOf(path: string): string {
  return path.replace("{name}", ":name{.*}").replace("{id}", ":id");
}
