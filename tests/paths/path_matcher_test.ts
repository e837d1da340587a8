import { PathError } from "#core/errors.ts";
import {
  compareByteOrder,
  compilePathPattern,
  isPatternEntry,
  MAX_PATH_PATTERN_CHARS,
  PathMatcher,
} from "#paths/path_matcher.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";

function matcherOf(...keys: string[]): PathMatcher<string> {
  return new PathMatcher(new Map(keys.map((key) => [key, `value of ${key}`])));
}

/** Entries, a name, and the key and groups of the match. */
const MATCHES: [
  keys: string[],
  name: string,
  key: string,
  groups: string[],
][] = [
  [["cam", "all_others"], "cam", "cam", []],
  [["cam", "all_others"], "other", "all_others", []],
  [["cam", "all"], "other", "all", []],
  [["~cam", "cam1"], "cam1", "cam1", []],
  [["~cam", "cam1"], "xcam2", "~cam", []],
  [["~^cam_(\\d+)$", "all_others"], "cam_12", "~^cam_(\\d+)$", ["12"]],
  [["~^cam_(\\d+)$", "all_others"], "cam_x", "all_others", []],
  [["~^(a)|(b)$"], "b", "~^(a)|(b)$", ["", "b"]],
  [["~^(?P<site>[a-z]+)/(.*)$"], "north/1/2", "~^(?P<site>[a-z]+)/(.*)$", [
    "north",
    "1/2",
  ]],
  [["~(?i)^CAM$"], "cam", "~(?i)^CAM$", []],
  [["~b", "~a"], "ab", "~a", []],
  [["~b", "~a", "all_others"], "b", "~b", []],
  [["~^.*$", "~a"], "ab", "~^.*$", []],
  [["~z", "all_others"], "z", "~z", []],
  [["all_others"], "all_others", "all_others", []],
];

for (const [keys, name, key, groups] of MATCHES) {
  Deno.test(`PathMatcher.match() finds ${key} for ${name} among ${keys.join(" ")}`, () => {
    const expected = { value: `value of ${key}`, key, groups };
    assertEquals(matcherOf(...keys).match(name), expected);
    assertEquals(matcherOf(...keys.toReversed()).match(name), expected);
  });
}

Deno.test("PathMatcher.match() tells names apart that cannot be and that are not configured", () => {
  const matcher = matcherOf("cam", "~^x.*$");
  const unknown = assertThrows(() => matcher.match("other"), PathError);
  assertEquals(
    [unknown.code, unknown.message],
    ["path_not_configured", "path 'other' is not configured"],
  );
  for (const name of ["../x", "~^x.*$", "", "x\0"]) {
    const invalid = assertThrows(() => matcher.match(name), PathError);
    assertEquals(invalid.code, "invalid_path_name");
  }
  assertEquals(
    assertThrows(() => matcher.match(""), PathError).message,
    "invalid path name: cannot be empty ()",
  );
});

Deno.test("PathMatcher knows the entries that stand for one path", () => {
  const matcher = matcherOf("b", "~x", "a", "all_others", "all");
  assertEquals([...matcher.plainEntries()], [
    { name: "a", value: "value of a" },
    { name: "b", value: "value of b" },
  ]);
  assertEquals(
    ["a", "c", "all_others", "~x"].map((name) => matcher.isPlain(name)),
    [true, false, false, false],
  );
});

Deno.test("PathMatcher.match() takes linear time with patterns that stall other engines", () => {
  const matcher = matcherOf("~^(a+)+$");
  const startMs = performance.now();
  assertThrows(() => matcher.match("a".repeat(200) + "b"), PathError);
  assert(performance.now() - startMs < 1_000);
});

Deno.test("isPatternEntry() knows patterns and what takes every name", () => {
  assertEquals(
    ["cam", "~x", "all", "all_others", "allx"].map(isPatternEntry),
    [false, true, true, true, false],
  );
});

for (
  const pattern of [
    "[",
    "(",
    "a**",
    "(?=x)",
    "\\1",
    "x".repeat(MAX_PATH_PATTERN_CHARS + 1),
  ]
) {
  Deno.test(`compilePathPattern() refuses ${pattern.slice(0, 20)}`, () => {
    const { message } = assertThrows(
      () => compilePathPattern(pattern),
      RangeError,
    );
    assert(message.startsWith("invalid regular expression: "));
  });
}

Deno.test("compareByteOrder() sorts as UTF-8 bytes would", () => {
  const encoder = new TextEncoder();
  const texts = ["b", "a", "", "ab", "\u{1f600}", "\uffff", "é", "Z", "~"];
  const byBytes = texts.toSorted((a, b) => {
    const [one, other] = [encoder.encode(a), encoder.encode(b)];
    const at = one.findIndex((byte, i) => byte !== other[i]);
    return at < 0 ? one.length - other.length : one[at]! - (other[at] ?? -1);
  });
  assertEquals(texts.toSorted(compareByteOrder), byBytes);
});
