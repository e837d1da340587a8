import { z } from "zod";

/** Every schema that the document of the API names. */
export const SCHEMAS: z.core.$ZodRegistry<{ id: string }> = z.registry<
  { id: string }
>();

/** An object of answers under a name of its own; more fields may come with time. */
export function objectSchema<S extends z.core.$ZodLooseShape>(
  id: string,
  shape: S,
): z.ZodObject<S> {
  return z.object(shape).register(SCHEMAS, { id });
}

/** What every list answers with a page. */
export function listSchema<T extends z.ZodType>(
  id: string,
  item: T,
): z.ZodType {
  return objectSchema(id, {
    itemCount: z.int().min(0).describe("Items of the whole list."),
    pageCount: z.int().min(0),
    items: z.array(item),
  });
}

/** A number that only grows. */
export function counter(): z.ZodType<number, number> {
  return z.int().min(0);
}

/** A moment, RFC 3339 with the zone of the server. */
export function time(): z.ZodType<string, string> {
  return z.string().meta({ format: "date-time" });
}

/** Bits a second that come in and go out. */
export const BIT_RATE_FIELDS = {
  bitrateBps: z.int().min(0).describe("Over the last second."),
  bitrateBps10s: z.int().min(0).describe("Over the last ten seconds."),
} as const;

/** Answer of what has nothing else to say. */
export const OK = objectSchema("OK", { status: z.literal("ok") });

/** Answer of everything that did not work. */
export const ERROR = objectSchema("Error", {
  status: z.literal("error"),
  error: z.string(),
});
