import { pageOf } from "#api/pagination.ts";
import { HttpError } from "#http/http_error.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const LIST = Array.from({ length: 250 }, (_, i) => i);

const PAGES: readonly [
  string,
  { count: number; first: number | undefined; last: number | undefined },
][] = [
  ["", { count: 3, first: 0, last: 99 }],
  ["page=1", { count: 3, first: 100, last: 199 }],
  ["page=2", { count: 3, first: 200, last: 249 }],
  ["page=3", { count: 3, first: undefined, last: undefined }],
  ["page=2147483647&itemsPerPage=2147483647", {
    count: 1,
    first: undefined,
    last: undefined,
  }],
  ["itemsPerPage=1&page=7", { count: 250, first: 7, last: 7 }],
  ["itemsPerPage=", { count: 3, first: 0, last: 99 }],
];

function page(query: string, list: readonly number[] = LIST) {
  const parameters = new URLSearchParams(query);
  return pageOf(
    list,
    (name) => parameters.get(name) ?? undefined,
    (item) => item,
  );
}

for (const [query, { count, first, last }] of PAGES) {
  Deno.test(`pageOf() answers "${query}"`, () => {
    const { itemCount, pageCount, items } = page(query);
    assertEquals(
      [itemCount, pageCount, items[0], items.at(-1)],
      [250, count, first, last],
    );
  });
}

Deno.test("pageOf() has no page of an empty list", () => {
  assertEquals(page("", []), { itemCount: 0, pageCount: 0, items: [] });
});

const REFUSED = [
  ["itemsPerPage=0", "invalid items per page"],
  ["itemsPerPage=x", 'strconv.ParseUint: parsing "x": invalid syntax'],
  ["page=-1", 'strconv.ParseUint: parsing "-1": invalid syntax'],
  ["page=1.5", 'strconv.ParseUint: parsing "1.5": invalid syntax'],
  [
    "page=2147483648",
    'strconv.ParseUint: parsing "2147483648": value out of range',
  ],
] as const;

for (const [query, message] of REFUSED) {
  Deno.test(`pageOf() refuses "${query}", of an empty list too`, () => {
    for (const list of [LIST, []]) {
      const error = assertThrows(() => page(query, list), HttpError);
      assertEquals([error.status, error.message], [400, message]);
    }
  });
}
