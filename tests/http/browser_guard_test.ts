import { AllowedOrigins } from "#http/allowed_origins.ts";
import { browserFault } from "#http/browser_guard.ts";
import { assertEquals, assertIncludes } from "#test/assert.ts";

const EVIL = "http://evil.example";

const CASES: readonly {
  readonly name: string;
  readonly method?: string;
  readonly host?: string;
  readonly ip?: string;
  readonly headers?: Record<string, string>;
  readonly origins?: readonly string[];
  /** Part of the reason; left out if it passes. */
  readonly fault?: string;
}[] = [
  { name: "a script of this machine", host: "127.0.0.1:9997" },
  { name: "a script that changes something", method: "POST" },
  { name: "a script over IPv6", host: "[::1]:9997", ip: "::1" },
  { name: "a script with localhost", host: "localhost:9997" },
  { name: "a neighbour in a container", host: "weir:9997" },
  {
    name: "a script from elsewhere with a name",
    method: "POST",
    host: "media.example.com",
    ip: "192.0.2.1",
  },
  {
    name: "a name that points here (rebinding)",
    host: "evil.example:9997",
    fault: 'host "evil.example"',
  },
  {
    name: "a name that the origins have",
    host: "media.example.com",
    origins: ["https://media.example.com"],
  },
  {
    name: "a stranger's page that reads",
    headers: { Origin: EVIL },
  },
  {
    name: "a stranger's page that changes something",
    method: "POST",
    headers: { Origin: EVIL },
    fault: `origin "${EVIL}"`,
  },
  {
    name: "a stranger's page that deletes",
    method: "DELETE",
    headers: { Origin: EVIL },
    fault: "DELETE",
  },
  {
    name: "a page without an origin of its own",
    method: "POST",
    headers: { Origin: "null" },
    fault: 'origin "null"',
  },
  {
    name: "a page that is allowed by name",
    method: "PATCH",
    headers: { Origin: "https://ui.example" },
    origins: ["https://ui.example"],
  },
  {
    name: "a page of this very host",
    method: "POST",
    host: "192.0.2.7:9997",
    ip: "192.0.2.1",
    headers: { Origin: "http://192.0.2.7:9997" },
  },
  {
    name: "a page of a name that points here, from another machine",
    method: "POST",
    host: "evil.example:9997",
    ip: "192.0.2.1",
    headers: { Origin: "http://evil.example:9997" },
    fault: "origin",
  },
];

for (const one of CASES) {
  const { name, fault, host = "127.0.0.1:9997", ip = "127.0.0.1" } = one;
  Deno.test(`browserFault() ${fault ? "refuses" : "passes"} ${name}`, () => {
    const { hostname } = new URL(`http://${host}`);
    const found = browserFault({
      method: one.method ?? "GET",
      headers: new Headers(one.headers),
      hostname,
      host,
      ip,
      origins: new AllowedOrigins(one.origins ?? ["*"]),
      originsKey: "apiAllowOrigins",
    });
    if (fault === undefined) return assertEquals(found, undefined);
    assertIncludes(found ?? "", fault);
    assertIncludes(found ?? "", "apiAllowOrigins");
  });
}
