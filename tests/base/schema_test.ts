import {
  address,
  duration,
  field,
  httpAddress,
  integer,
  ipNetworks,
  listOf,
  number,
  objectOf,
  oneOf,
  propertyName,
  type RawValue,
  secretText,
  size,
  text,
  type UnitSuffix,
  type Values,
  type ValueType,
  yesNo,
} from "#base/schema.ts";
import { Secret } from "#base/secret.ts";
import { assert, assertEquals } from "#test/assert.ts";

const colour = oneOf(["red", "blue"], {
  refusal: (found) => `invalid colour '${found}'`,
  aliases: { rot: "red" },
});

const point = objectOf(
  { x: integer(), label: text(), tags: listOf(text()) },
  ({ x }) => x < 0 ? "x is below zero" : undefined,
);

/** Type, raw value, and the value or the error texts. */
const VALUES: [
  type: ValueType<unknown, UnitSuffix>,
  raw: RawValue,
  expected: { value: unknown } | { errors: string[] },
][] = [
  [yesNo(), true, { value: true }],
  [yesNo(), "yes", { errors: ["must be yes or no, found 'yes'"] }],
  [integer(), -5, { value: -5 }],
  [integer(), 1.5, { errors: ["must be a whole number, found 1.5"] }],
  [integer(), 2 ** 31, {
    errors: ["must be a whole number, found 2147483648"],
  }],
  [integer(), "5", { errors: ["must be a whole number, found '5'"] }],
  [integer({ min: 0 }), -1, {
    errors: ["must be a whole number from 0, found -1"],
  }],
  [integer({ min: 0 }), 2 ** 32 - 1, { value: 2 ** 32 - 1 }],
  [number(), 0.5, { value: 0.5 }],
  [number(), "x", { errors: ["must be a number, found 'x'"] }],
  [text(), "", { value: "" }],
  [text(), 5, { errors: ["must be text, found 5"] }],
  [text(), false, { errors: ["must be text, found false: put it in quotes"] }],
  [text((t) => t === "a" ? undefined : "no a"), "b", { errors: ["no a"] }],
  [secretText(), 1234, { errors: ["must be text"] }],
  [duration(), "1m", { value: 60_000 }],
  [duration(), "5", { errors: ['time: missing unit in duration "5"'] }],
  [duration(), 5, {
    errors: ["must be a duration such as '10s', found 5"],
  }],
  [size(), "1K", { value: 1_024 }],
  [size(), 1_024, { errors: ["must be a size such as '50M', found 1024"] }],
  [address(), "", { value: "" }],
  [address(), ":8554", { value: ":8554" }],
  [address(), "127.0.0.1:8554", { value: "127.0.0.1:8554" }],
  [address(), "[::1]:8554", { value: "[::1]:8554" }],
  [address(), "localhost:0", { value: "localhost:0" }],
  [address(), "8554", {
    errors: [
      "must be an address such as ':8554' or '127.0.0.1:8554', found '8554'",
    ],
  }],
  [address(), ":65536", {
    errors: [
      "must be an address such as ':8554' or '127.0.0.1:8554', found ':65536'",
    ],
  }],
  [httpAddress(), "unix:///run/weir.sock", { value: "unix:///run/weir.sock" }],
  [colour, "blue", { value: "blue" }],
  [colour, "rot", { value: "red" }],
  [colour, "green", { errors: ["invalid colour 'green'"] }],
  [colour, "toString", { errors: ["invalid colour 'toString'"] }],
  [listOf(colour), ["red", "x"], { errors: ["invalid colour 'x'"] }],
  [listOf(colour), "red", { errors: ["must be a list, found 'red'"] }],
  [ipNetworks(), ["10.1.2.3/8"], { value: ["10.0.0.0/8"] }],
  [ipNetworks(), ["x"], { errors: ["unable to parse IP/CIDR 'x'"] }],
  [point, { x: 1, label: "a" }, { value: { x: 1, label: "a", tags: [] } }],
  [point, { label: null }, { value: { x: 0, label: "", tags: [] } }],
  [point, { tags: null }, { errors: ["must be a list, found nothing"] }],
  [point, { x: -1 }, { errors: ["x is below zero"] }],
  [point, 5, { errors: ["must be keys and values, found 5"] }],
  [point, [], { errors: ["must be keys and values, found a list"] }],
];

for (const [type, raw, expected] of VALUES) {
  Deno.test(`${type.name} answers ${JSON.stringify(raw)} with ${JSON.stringify(expected)}`, () => {
    const result = type.schema.safeParse(raw);
    if ("errors" in expected) {
      const errors = result.error?.issues.map(({ message }) => message);
      assertEquals(errors, expected.errors);
      return;
    }
    const value = result.data;
    const shown = Array.isArray(value) ? value.map((one) => `${one}`) : value;
    assertEquals(shown, expected.value);
  });
}

/** Type, text of a variable, and the raw value or `undefined`. */
const TEXTS: [
  type: ValueType<unknown, UnitSuffix>,
  text: string,
  raw: RawValue | undefined,
][] = [
  [yesNo(), "YES", true],
  [yesNo(), "true", true],
  [yesNo(), "No", false],
  [yesNo(), "FALSE", false],
  [yesNo(), "on", undefined],
  [yesNo(), "", undefined],
  [integer(), "-12", -12],
  [integer(), "0x10", undefined],
  [integer(), "", undefined],
  [integer(), "1.5", undefined],
  [number(), "1.5", 1.5],
  [number(), "x", undefined],
  [text(), "", ""],
  [duration(), "10s", "10s"],
  [listOf(text()), "a, b", ["a", " b"]],
  [listOf(text()), "", []],
  [listOf(integer()), "1,2", [1, 2]],
  [listOf(integer()), "1,x", undefined],
  [point, "x", undefined],
];

for (const [type, variable, raw] of TEXTS) {
  Deno.test(`${type.name} reads the variable '${variable}'`, () => {
    assertEquals(type.fromText(variable), raw);
  });
}

Deno.test("secretText() hides its value", () => {
  const secret = secretText().schema.parse("hush");
  assert(secret instanceof Secret);
  assertEquals([`${secret}`, secret.reveal()], ["<redacted>", "hush"]);
});

Deno.test("Values names durations in Ms and sizes in Bytes", () => {
  const options = { effect: "live", doc: "" } as const;
  const keys = {
    wait: field(duration(), { ...options, default: "1s" }),
    room: field(size(), { ...options, default: "1K" }),
    isOn: field(yesNo(), { ...options, default: true }),
  };
  const values: Values<typeof keys> = { waitMs: 1, roomBytes: 2, isOn: true };
  assertEquals(
    Object.keys(values),
    Object.entries(keys).map(([key, { type }]) => propertyName(key, type)),
  );
});
