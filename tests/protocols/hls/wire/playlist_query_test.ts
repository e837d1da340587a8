import {
  ownQuery,
  parseDirectives,
  queryValue,
  uriEnd,
} from "#protocols/hls/wire/playlist_query.ts";
import { assertEquals } from "#test/assert.ts";

const DIRECTIVES = [
  ["", { position: undefined, isDelta: false }],
  ["session=1&a=_HLS_msn", { position: undefined, isDelta: false }],
  ["_HLS_msn=7", { position: { msn: 7, part: undefined }, isDelta: false }],
  ["_HLS_msn=7&_HLS_part=0", { position: { msn: 7, part: 0 }, isDelta: false }],
  ["a=1&_HLS_skip=YES&_HLS_part=3&_HLS_msn=12", {
    position: { msn: 12, part: 3 },
    isDelta: true,
  }],
  ["_HLS_skip=v2", { position: undefined, isDelta: true }],
  ["_HLS_skip=NO", { position: undefined, isDelta: false }],
  ["_HLS_part=3", undefined],
  ["_HLS_msn=", undefined],
  ["_HLS_msn=-1", undefined],
  ["_HLS_msn=1.5", undefined],
  ["_HLS_msn=1e3", undefined],
  ["_HLS_msn=99999999999999999999", undefined],
  ["_HLS_msn=1&_HLS_part=x", undefined],
] as const;

for (const [query, expected] of DIRECTIVES) {
  Deno.test(`parseDirectives() reads "${query}"`, () => {
    assertEquals(parseDirectives(query), expected);
  });
}

const URI_ENDS = [
  ["", "", ""],
  ["cookieCheck=1", "", ""],
  ["cookieCheck=1", "session=x", "?session=x"],
  ["a=1&cookieCheck=1&b=%22", "session=x", "?a=1&b=%22&session=x"],
  ["session=old&a=1", "session=new", "?a=1&session=new"],
  ["a=1&_HLS_msn=3&_HLS_part=1&_HLS_skip=YES", "", "?a=1"],
  ['a="\r\n#EXT', "", "?a=%22%0D%0A#EXT"],
] as const;

for (const [query, addition, expected] of URI_ENDS) {
  Deno.test(`uriEnd() of ${JSON.stringify(query)} and "${addition}"`, () => {
    assertEquals(uriEnd(query, addition), expected);
  });
}

Deno.test("queryValue() takes whole names only", () => {
  assertEquals(queryValue("xa=1&a=2&a=3", "a"), "2");
  assertEquals(queryValue("xa=1", "a"), undefined);
  assertEquals(queryValue("a=", "a"), "");
  assertEquals(queryValue("", "a"), undefined);
});

Deno.test("ownQuery() leaves out what is the server's", () => {
  assertEquals(ownQuery("b=2&cookieCheck=1&_HLS_msn=1&a=1"), "b=2&a=1");
});
