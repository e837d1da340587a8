import { ParseError } from "#base/errors.ts";
import {
  amf0Property,
  type Amf0Value,
  parseAmf0Values,
  serializeAmf0Values,
} from "#formats/flv/amf0.ts";
import {
  MAX_AMF0_DEPTH,
  MAX_AMF0_ELEMENTS,
  MAX_AMF0_NAME_BYTES,
  MAX_AMF0_STRING_BYTES,
} from "#formats/flv/amf_format.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const hex = (...parts: (string | Uint8Array)[]): Uint8Array =>
  Uint8Array.fromHex(
    parts.map((part) => typeof part === "string" ? part : part.toHex()).join("")
      .replaceAll(" ", ""),
  );

/** `isCanonical`: the writer makes the same bytes. */
const VALUES: {
  name: string;
  bytes: Uint8Array;
  values: Amf0Value[];
  isCanonical: boolean;
}[] = [{
  name: "numbers",
  bytes: hex("00 3ff0000000000000 00 c004000000000000"),
  values: [1, -2.5],
  isCanonical: true,
}, {
  name: "booleans, null and undefined",
  bytes: hex("0101 0100 05 06"),
  values: [true, false, null, undefined],
  isCanonical: true,
}, {
  name: "a string with a byte order mark, accents and a pair of surrogates",
  bytes: hex("02 000a efbbbf c3a9 78", "f09f8ea5"),
  values: ["\ufeffé" + "x🎥"],
  isCanonical: true,
}, {
  name: "a string behind one that is not ASCII",
  bytes: hex("02 0003 e282ac 02 0001 61"),
  values: ["€", "a"],
  isCanonical: true,
}, {
  name: "a short string in the long form",
  bytes: hex("0c 00000002 c3a9"),
  values: ["é"],
  isCanonical: false,
}, {
  name: "an object",
  bytes: hex("03 0003", text("app"), "02 0004", text("live"), "000009"),
  values: [{ app: "live" }],
  isCanonical: true,
}, {
  name: "an empty object in an object and a value behind",
  bytes: hex("03 0001 61 03 000009 0001 62 0101 000009 05"),
  values: [{ a: {}, b: true }, null],
  isCanonical: true,
}, {
  name: "an ECMA array with a wrong count, a value behind",
  bytes: hex("08 0000000d 0001 61 0101 000009 0100"),
  values: [{ a: true }, false],
  isCanonical: false,
}, {
  name: "an ECMA array in an object",
  bytes: hex("03 0001 61 08 00000001 0001 62 05 000009 0001 63 06 000009"),
  values: [{ a: { b: null }, c: undefined }],
  isCanonical: false,
}, {
  name: "a strict array",
  bytes: hex("0a 00000002 02 0004", text("av01"), "0a 00000000"),
  values: [["av01", []]],
  isCanonical: true,
}, {
  name: "a date as milliseconds",
  bytes: hex("0b 4059000000000000 ff88 05"),
  values: [100, null],
  isCanonical: false,
}, {
  name: "a typed object",
  bytes: hex("10 0003", text("Foo"), "0001 61 0101 000009"),
  values: [{ a: true }],
  isCanonical: false,
}, {
  name: "XML and an unsupported value",
  bytes: hex("0f 00000004", text("<a/>"), "0d"),
  values: ["<a/>", undefined],
  isCanonical: false,
}, {
  name: "references to finished objects",
  bytes: hex("03 0001 61 03 000009 000009 07 0001 07 0000"),
  values: [{ a: {} }, {}, { a: {} }],
  isCanonical: false,
}, {
  name: "a name of the largest length",
  bytes: hex(
    "03 0400",
    new Uint8Array(MAX_AMF0_NAME_BYTES).fill(0x61),
    "05 000009",
  ),
  values: [{ ["a".repeat(MAX_AMF0_NAME_BYTES)]: null }],
  isCanonical: true,
}, {
  name: "objects at the largest depth",
  bytes: hex(
    "03 0001 61".repeat(MAX_AMF0_DEPTH),
    "05",
    "000009".repeat(MAX_AMF0_DEPTH),
  ),
  values: [
    Array.from({ length: MAX_AMF0_DEPTH }).reduce<Amf0Value>(
      (inner) => ({ a: inner }),
      null,
    ),
  ],
  isCanonical: true,
}];

for (const { name, bytes, values, isCanonical } of VALUES) {
  Deno.test(`parseAmf0Values() reads ${name}`, () => {
    const before = bytes.slice();
    assertEquals(parseAmf0Values(bytes), values);
    assertEquals(bytes, before, "input must stay untouched");
  });

  Deno.test(`serializeAmf0Values() writes ${name}`, () => {
    const written = serializeAmf0Values(values);
    if (isCanonical) assertEquals(written.toHex(), bytes.toHex());
    assertEquals(parseAmf0Values(written), values);
  });
}

Deno.test("parseAmf0Values() rejects every prefix of one value", () => {
  for (const { bytes, values } of VALUES) {
    if (values.length > 1) continue;
    for (const prefix of prefixes(bytes)) {
      if (prefix.length === 0) continue;
      assertThrows(() => parseAmf0Values(prefix), ParseError);
    }
  }
});

Deno.test("parseAmf0Values() reads nothing from nothing", () => {
  assertEquals(parseAmf0Values(new Uint8Array(0)), []);
});

Deno.test("serializeAmf0Values() writes over 64 KiB as a long string", () => {
  const written = serializeAmf0Values(["é".repeat(40_000)]);
  assertEquals(written.subarray(0, 5).toHex(), "0c00013880");
  assertEquals(written.length, 80_005);
});

const REJECTED: { name: string; bytes: Uint8Array; field: string }[] = [{
  name: "an unknown type",
  bytes: hex("05 04"),
  field: "values[1]",
}, {
  name: "a cut AMF3 value",
  bytes: hex("11 0a"),
  field: "values[0]",
}, {
  name: "text that is not UTF-8",
  bytes: hex("02 0001 ff"),
  field: "values[0]",
}, {
  name: "a property without a name",
  bytes: hex("03 0000 05 000009"),
  field: "values[0].properties[0]",
}, {
  name: "an end marker behind a name",
  bytes: hex("03 0001 61 09"),
  field: "values[0].properties[0]",
}, {
  name: "a property __proto__",
  bytes: hex("03 0009", text("__proto__"), "03 000009 000009"),
  field: "values[0].properties[0].name",
}, {
  name: "a name over the limit",
  bytes: hex("03 0401", new Uint8Array(1_025).fill(0x61), "05 000009"),
  field: "values[0].properties[0].name",
}, {
  name: "a reference to nothing",
  bytes: hex("03 000009 07 0001"),
  field: "values[1]",
}, {
  name: "a reference to the object that holds it",
  bytes: hex("03 0001 61 07 0000 000009"),
  field: "values[0].properties[0]",
}, {
  name: "a strict array longer than the message",
  bytes: hex("0a ffffffff"),
  field: "values[0]",
}, {
  name: "objects over the depth",
  bytes: hex("03 0001 61".repeat(MAX_AMF0_DEPTH + 1)),
  field: "values[0]" + ".properties[0]".repeat(MAX_AMF0_DEPTH),
}, {
  name: "20,000 levels of arrays",
  bytes: hex("0a 00000001".repeat(20_000)),
  field: "values[0]" + "[0]".repeat(MAX_AMF0_DEPTH),
}, {
  name: "values over the count",
  bytes: hex("05".repeat(MAX_AMF0_ELEMENTS + 1)),
  field: `values[${MAX_AMF0_ELEMENTS}]`,
}, {
  name: "text over the limit",
  bytes: hex(
    "02 8001",
    new Uint8Array(0x8001),
    "02 8000",
    new Uint8Array(0x8000),
  ),
  field: "values[1]",
}, {
  name: "references that multiply",
  bytes: hex("0a 000000c8", "05".repeat(200), "07 0000".repeat(5)),
  field: "values[5]",
}];

for (const { name, bytes, field } of REJECTED) {
  Deno.test(`parseAmf0Values() rejects ${name}`, () => {
    const error = assertThrows(() => parseAmf0Values(bytes, "X"), ParseError);
    assertEquals([error.format, error.field], ["X", field]);
  });
}

Deno.test("parseAmf0Values() takes text up to the limit", () => {
  const bytes = hex("0c 00010000", new Uint8Array(MAX_AMF0_STRING_BYTES));
  assertEquals(parseAmf0Values(bytes), ["\0".repeat(MAX_AMF0_STRING_BYTES)]);
});

Deno.test("parseAmf0Values() throws only ParseError on mutated input", () => {
  const seeds = VALUES.map(({ bytes }) => bytes).filter((seed) =>
    seed.length < 200
  );
  for (const bytes of mutations(seeds)) {
    try {
      serializeAmf0Values(parseAmf0Values(bytes));
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});

Deno.test("amf0Property() sees only what the peer sent", () => {
  const [value] = parseAmf0Values(hex("03 0001 61 0101 000009"));
  assertEquals(amf0Property(value, "a"), true);
  assertEquals(amf0Property(value, "constructor"), undefined);
  assertEquals(amf0Property(["x"], "0"), undefined);
  assertEquals(amf0Property(null, "a"), undefined);
});
