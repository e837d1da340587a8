import { AllowedOrigins, parseOrigin } from "#http/allowed_origins.ts";
import { assertEquals } from "#test/assert.ts";

const CASES: readonly {
  readonly name: string;
  readonly entries: readonly string[];
  readonly origin: string | undefined;
  readonly header: string | undefined;
}[] = [
  {
    name: "nothing is allowed",
    entries: [],
    origin: "http://a.example",
    header: undefined,
  },
  {
    name: "everything is",
    entries: ["*"],
    origin: "http://a.example",
    header: "*",
  },
  {
    name: "everything is, and nobody asks",
    entries: ["*"],
    origin: undefined,
    header: "*",
  },
  {
    name: "the entry is the origin",
    entries: ["http://a.example"],
    origin: "http://a.example",
    header: "http://a.example",
  },
  {
    name: "an entry is the origin beside *",
    entries: ["*", "http://a.example"],
    origin: "http://a.example",
    header: "http://a.example",
  },
  {
    name: "the port is the scheme's own",
    entries: ["https://a.example:443"],
    origin: "https://a.example",
    header: "https://a.example",
  },
  {
    name: "the port differs",
    entries: ["http://a.example:81"],
    origin: "http://a.example",
    header: undefined,
  },
  {
    name: "the scheme differs",
    entries: ["https://a.example"],
    origin: "http://a.example",
    header: undefined,
  },
  {
    name: "a sub-domain is of the wildcard",
    entries: ["http://*.example.com"],
    origin: "http://a.b.example.com",
    header: "http://a.b.example.com",
  },
  {
    name: "the wildcard takes no sub-domain, too",
    entries: ["http://*.example.com"],
    origin: "http://example.com",
    header: "http://example.com",
  },
  {
    name: "the wildcard's scheme does not count",
    entries: ["http://*.example.com"],
    origin: "https://a.example.com",
    header: "https://a.example.com",
  },
  {
    name: "the wildcard's host is the end of another",
    entries: ["http://*.example.com"],
    origin: "http://evilexample.com",
    header: undefined,
  },
  {
    name: "a dot of the entry is no other character",
    entries: ["http://*.example.com"],
    origin: "http://a.exampleXcom",
    header: undefined,
  },
  {
    name: "a wildcard takes ports",
    entries: ["http://localhost:*"],
    origin: "http://localhost:8080",
    header: "http://localhost:8080",
  },
  {
    name: "the origin is null",
    entries: ["*"],
    origin: "null",
    header: undefined,
  },
  {
    name: "the origin is too long",
    entries: ["*"],
    origin: `http://${"a".repeat(400)}`,
    header: undefined,
  },
];

for (const { name, entries, origin, header } of CASES) {
  Deno.test(`AllowedOrigins.headerFor() answers ${header} when ${name}`, () => {
    assertEquals(new AllowedOrigins(entries).headerFor(origin), header);
  });
}

Deno.test("AllowedOrigins.names() does not count *", () => {
  const origins = new AllowedOrigins(["*", "https://a.example"]);
  assertEquals(origins.names("https://a.example"), true);
  assertEquals(origins.names("https://b.example"), false);
  assertEquals(origins.names("nonsense"), false);
});

Deno.test("AllowedOrigins.namesHost() looks at hosts only", () => {
  const origins = new AllowedOrigins(["https://a.example:9", "*.b.example"]);
  assertEquals(origins.namesHost("a.example"), true);
  assertEquals(origins.namesHost("x.b.example"), true);
  assertEquals(origins.namesHost("c.example"), false);
});

Deno.test("parseOrigin() wants a host", () => {
  assertEquals(parseOrigin("file:///etc/passwd"), undefined);
  assertEquals(parseOrigin("http://a.example")?.host, "a.example");
});
