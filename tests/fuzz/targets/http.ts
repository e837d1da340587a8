import { pageOf } from "#api/pagination.ts";
import { redactUrlPasswords, restoreUrlPasswords } from "#api/url_passwords.ts";
import { parseUuid } from "#api/uuid.ts";
import { parseIpNetwork } from "#base/ip.ts";
import { AllowedOrigins, parseOrigin } from "#http/allowed_origins.ts";
import { browserFault } from "#http/browser_guard.ts";
import { clientIp } from "#http/client_address.ts";
import { readCredentials } from "#http/credentials.ts";
import { HttpError } from "#http/http_error.ts";
import { parseJson, serializeJson } from "#http/json.ts";
import { placeOf } from "#protocols/hls/file_place.ts";
import { answerFile } from "#protocols/hls/file_answer.ts";
import { parseDirectives, uriEnd } from "#protocols/hls/wire/playlist_query.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { type FuzzTarget, takesText } from "../fuzz_target.ts";
import { textSeeds } from "../literal_seeds.ts";

const PROXIES = [parseIpNetwork("10.0.0.0/8"), parseIpNetwork("fd00::/8")];

const ORIGINS = new AllowedOrigins(["*", "http://*.example.com", "http://a:*"]);

/** A run for what reads one header; the runtime's own headers would take quadratic time to check long ones. */
function takesHeader(
  name: string,
  read: (headers: Headers, value: string) => unknown,
): FuzzTarget["run"] {
  return takesText((value) => {
    const headers = {
      has: (asked: string) => asked === name,
      get: (asked: string) => asked === name ? value : null,
    };
    return read(headers as Headers, value);
  });
}

/** What clients of HTTP send: heads, bodies and queries. */
export const HTTP_TARGETS: readonly FuzzTarget[] = [
  {
    name: "http_json",
    seeds: () => textSeeds("http/json_test.ts", "api/routes/config_test.ts"),
    rejects: [HttpError],
    run: (input) => {
      const value = parseJson(input);
      const text = serializeJson(value);
      assert(!/[<>&\u2028\u2029]/.test(text), "a page could read it");
      assertEquals(JSON.stringify(JSON.parse(text)), JSON.stringify(value));
      return true;
    },
  },
  {
    name: "http_credentials",
    seeds: () => textSeeds("http/credentials_test.ts"),
    rejects: [],
    run: takesHeader("Authorization", readCredentials),
  },
  {
    name: "http_client_address",
    seeds: () => textSeeds("http/client_address_test.ts"),
    rejects: [],
    run: takesHeader("X-Forwarded-For", (headers) => {
      const ip = clientIp("10.0.0.1", headers, PROXIES);
      parseIpNetwork(ip);
    }),
  },
  {
    name: "http_origin",
    seeds: () =>
      textSeeds("http/allowed_origins_test.ts", "http/browser_guard_test.ts"),
    rejects: [],
    run: takesHeader("Origin", (headers, origin) => {
      const allowed = ORIGINS.headerFor(origin);
      if (allowed === origin && allowed !== "*") assert(parseOrigin(origin));
      const fault = browserFault({
        method: "POST",
        headers,
        hostname: "127.0.0.1",
        host: "127.0.0.1:9997",
        ip: "127.0.0.1",
        origins: ORIGINS,
        originsKey: "apiAllowOrigins",
      });
      const isNamed = ORIGINS.names(origin) ||
        parseOrigin(origin)?.host === "127.0.0.1:9997";
      assertEquals(fault === undefined, isNamed);
    }),
  },
  {
    name: "api_query",
    seeds: () => ["1", "100"].map((text) => new TextEncoder().encode(text)),
    rejects: [HttpError],
    run: takesText((text) => {
      const { items } = pageOf([1, 2, 3], () => text, (item) => item);
      assert(items.length <= 3);
    }),
  },
  {
    name: "hls_query",
    seeds: () => textSeeds("protocols/hls/wire/playlist_query_test.ts"),
    rejects: [],
    run: takesText((text) => {
      const directives = parseDirectives(text);
      assert(Number.isSafeInteger(directives?.position?.msn ?? 0));
      const end = uriEnd(text, "session=1");
      assert(/^\?[\x21\x23-\x7e]*$/.test(end), "a playlist takes it as it is");
      assertEquals(parseDirectives(end.slice(1))?.position, undefined);
    }),
  },
  {
    name: "hls_place",
    seeds: () => textSeeds("protocols/hls/file_place_test.ts"),
    rejects: [],
    run: takesText((text) => {
      const place = placeOf(text);
      if (place === undefined) return;
      assertEquals(`/${place.pathName}/${place.fileName}`, text);
      assert(/^[\w.]+$/.test(place.fileName), "a plain file name");
    }),
  },
  {
    name: "hls_range",
    seeds: () => textSeeds("protocols/hls/file_answer_test.ts"),
    rejects: [],
    run: takesText((text) => {
      answerFile(text, new Uint8Array(10), {
        type: "video/mp4",
        isCdn: false,
        answer: ({ status }, { length }) => {
          assert([200, 206, 416].includes(status), `status ${status}`);
          assert(length <= 10, `${length} bytes`);
        },
      });
    }),
  },
  {
    name: "api_uuid",
    seeds: () => textSeeds("api/uuid_test.ts"),
    rejects: [HttpError],
    run: takesText((text) => {
      assertEquals(parseUuid(parseUuid(text)), parseUuid(text));
    }),
  },
  {
    name: "api_url_passwords",
    seeds: () => textSeeds("api/url_passwords_test.ts"),
    rejects: [HttpError],
    run: takesText((text) => {
      const redacted = redactUrlPasswords(text);
      assertEquals(redactUrlPasswords(redacted), redacted);
      const { source } = restoreUrlPasswords({ source: redacted }, () => text);
      assertEquals(redactUrlPasswords(String(source)), redacted);
    }),
  },
];
