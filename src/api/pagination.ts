import { z } from "zod";
import { HttpError } from "#http/http_error.ts";

/** Items of a page unless the request says otherwise. */
const DEFAULT_ITEMS_PER_PAGE = 100;

/** Largest number that a request may name. */
const MAX_NUMBER = 2 ** 31 - 1;

/** A part of a list. */
export interface Page<T> {
  /** Items of the whole list. */
  readonly itemCount: number;
  readonly pageCount: number;
  readonly items: readonly T[];
}

/** Query of every list. */
export const PAGE_QUERY = z.object({
  page: z.int().min(0).max(MAX_NUMBER).optional()
    .describe("Page, counted from 0."),
  itemsPerPage: z.int().min(1).max(MAX_NUMBER).optional()
    .describe(`Items of a page; ${DEFAULT_ITEMS_PER_PAGE} if left out.`),
});

/**
 * The page that a query asks for; only its items are described.
 *
 * Spec: MediaMTX's API, error texts included.
 *
 * @throws {HttpError} 400 if the query makes no sense, however long the list is.
 */
export function pageOf<T, U>(
  list: readonly T[],
  query: (name: string) => string | undefined,
  describe: (item: T) => U,
): Page<U> {
  const itemsPerPage = readNumber(
    query("itemsPerPage"),
    DEFAULT_ITEMS_PER_PAGE,
  );
  if (itemsPerPage === 0) throw new HttpError(400, "invalid items per page");
  const page = readNumber(query("page"), 0);
  const from = page * itemsPerPage;
  return {
    itemCount: list.length,
    pageCount: Math.ceil(list.length / itemsPerPage),
    items: list.slice(from, from + itemsPerPage).map(describe),
  };
}

function readNumber(text: string | undefined, ifNone: number): number {
  if (text === undefined || text === "") return ifNone;
  const value = /^\d+$/.test(text) ? Number(text) : undefined;
  if (value !== undefined && value <= MAX_NUMBER) return value;
  const reason = value === undefined ? "invalid syntax" : "value out of range";
  throw new HttpError(
    400,
    `strconv.ParseUint: parsing ${JSON.stringify(text)}: ${reason}`,
  );
}
