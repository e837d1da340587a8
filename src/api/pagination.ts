import { z } from "zod";
import { HttpError } from "#http/http_error.ts";
import { JSON_TYPE, serializeJson } from "#http/json.ts";
import { textStream } from "#http/text_stream.ts";

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
 * @throws {HttpError} if the query makes no sense, however long the list is.
 */
export function pageOf<T, U>(
  list: readonly T[],
  query: (name: string) => string | undefined,
  describe: (item: T) => U,
): Page<U> {
  const page = choosePage(list, query);
  return { ...page, items: page.items.map(describe) };
}

/**
 * The same as an answer that is made while it is sent: media does not wait for a thousand descriptions.
 *
 * @throws {HttpError} if the query makes no sense, however long the list is.
 */
export function pageResponse<T>(
  list: readonly T[],
  query: (name: string) => string | undefined,
  describe: (item: T) => unknown,
): Response {
  const { items, ...counts } = choosePage(list, query);
  const headers = { "Content-Type": JSON_TYPE };
  return new Response(textStream(pageText(counts, items, describe)), {
    headers,
  });
}

function* pageText<T>(
  counts: Omit<Page<T>, "items">,
  items: readonly T[],
  describe: (item: T) => unknown,
): Generator<string> {
  yield `${serializeJson(counts).slice(0, -1)},"items":[`;
  let separator = "";
  for (const item of items) {
    yield separator + serializeJson(describe(item));
    separator = ",";
  }
  yield "]}";
}

function choosePage<T>(
  list: readonly T[],
  query: (name: string) => string | undefined,
): Page<T> {
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
    items: list.slice(from, from + itemsPerPage),
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
