import type { z } from "zod";
import { HttpError } from "#http/http_error.ts";
import { parseJson } from "#http/json.ts";
import type { ApiContext } from "./operation.ts";

/** @throws {HttpError} 400 if the body is not what `schema` says; the message names the key. */
export async function readBodyAs<T>(
  context: ApiContext,
  schema: z.ZodType<T>,
): Promise<T> {
  const value = parseJson(await context.var.readBody());
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue!.path.join(".");
  throw new HttpError(
    400,
    `Cannot use ${where === "" ? "the body" : where}: ${issue!.message}`,
  );
}

/**
 * Name in the path of a request.
 *
 * @throws {HttpError} 400 if it is empty.
 */
export function nameOf(context: ApiContext): string {
  const name = context.req.param("name");
  if (!name) throw new HttpError(400, "invalid name");
  return name;
}

/** @throws {HttpError} 400 if the value is neither yes nor no. */
export function readFlag(context: ApiContext, name: string): boolean {
  const text = context.req.query(name) ?? "";
  switch (text) {
    case "1":
    case "true":
      return true;
    case "":
    case "0":
    case "false":
      return false;
    default:
      throw new HttpError(400, `invalid ${name}: must be 1 or 0`);
  }
}
