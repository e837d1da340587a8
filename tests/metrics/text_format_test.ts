import { labelText, numberText, section } from "#metrics/text_format.ts";
import { assertEquals } from "#test/assert.ts";

const LABELS = [
  { name: "none", labels: {}, text: "" },
  {
    name: "several, sorted by name",
    labels: { state: "ready", name: "cam" },
    text: '{name="cam",state="ready"}',
  },
  {
    name: "quotes and backslashes",
    labels: { name: 'a"b\\' },
    text: '{name="a\\"b\\\\"}',
  },
  {
    name: "a forged line",
    labels: { name: 'x"} 1\npaths{name="y' },
    text: '{name="x\\"} 1\\npaths{name=\\"y"}',
  },
  {
    name: "control characters",
    labels: { name: "a\r\u0000\u001b[1m\u007f" },
    text: '{name="a\ufffd\ufffd\ufffd[1m\ufffd"}',
  },
  {
    name: "characters of any language",
    labels: { name: "kamera-ö-カメラ-😀" },
    text: '{name="kamera-ö-カメラ-😀"}',
  },
];

for (const { name, labels, text } of LABELS) {
  Deno.test(`labelText() writes ${name}`, () => {
    assertEquals(labelText(labels), text);
  });
}

Deno.test("numberText() is decimal and has no exponent", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [-0, "0"],
    [12, "12"],
    [0.25, "0.25"],
    [Number.MAX_SAFE_INTEGER, "9007199254740991"],
    [1e21, "1000000000000000000000"],
    [1.25e22, "12500000000000000000000"],
    [1e-7, "0.0000001"],
    [-1.5e-9, "-0.0000000015"],
    [NaN, "NaN"],
    [Infinity, "+Inf"],
    [-Infinity, "-Inf"],
  ];
  for (const [value, text] of cases) assertEquals(numberText(value), text);
});

Deno.test("section() ends with an empty line", () => {
  assertEquals(
    [...section("Paths", ["paths 0\n"])].join(""),
    "# Paths\npaths 0\n\n",
  );
  assertEquals([...section("Paths", [])].join(""), "# Paths\n\n");
});
