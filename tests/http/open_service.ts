import type { Authenticator } from "#base/access.ts";
import { systemClock } from "#base/clock.ts";
import { HttpError } from "#http/http_error.ts";
import {
  type HttpServiceOptions,
  openHttpService,
} from "#http/http_service.ts";
import { jsonResponse, parseJson } from "#http/json.ts";
import {
  passwordAuthenticator,
  testPortsWith,
  USER,
} from "#test/test_ports.ts";

/** Header of the one user that is let in. */
export const LOGIN = {
  Authorization: `Basic ${btoa(`${USER.name}:${USER.password}`)}`,
};

/** A service with a few routes, and its log. */
export interface TestService extends AsyncDisposable {
  readonly port: number;
  readonly lines: readonly string[];
  readonly closed: Promise<void>;
  /** Calls it, logged in. */
  call(path: string, init?: RequestInit): Promise<Response>;
}

/** Opens a service on a port of its own. */
export async function openTestService(
  changes: Partial<HttpServiceOptions> = {},
  authenticator: Authenticator = passwordAuthenticator,
): Promise<TestService> {
  const scene = testPortsWith(systemClock, { authenticator });
  const service = await openHttpService({
    name: "API",
    action: "api",
    address: "127.0.0.1:0",
    addressKey: "apiAddress",
    encryption: false,
    serverKey: "",
    serverCert: "",
    certificateKeys: { key: "apiServerKey", certificate: "apiServerCert" },
    allowOrigins: ["*"],
    trustedProxies: [],
    readTimeoutMs: 10_000,
    writeTimeoutMs: 10_000,
    allowMethods: "OPTIONS, GET, POST",
    allowHeaders: "Authorization",
    ports: scene.ports,
    routes: (app) => {
      app.get("/v3/who", (c) => {
        const { ip, user, remoteAddress } = c.var;
        return jsonResponse({ ip, user, remoteAddress });
      });
      app.get("/v3/get/:name{.*}", (c) => jsonResponse(c.req.param("name")));
      app.post(
        "/v3/echo",
        async (c) => jsonResponse(parseJson(await c.var.readBody())),
      );
      app.get("/v3/lost", () => {
        throw new HttpError(404, "nothing\nhere");
      });
      app.get("/v3/bug", () => {
        throw new TypeError("a bug");
      });
    },
    openRoutes: (app) => void app.get("/livez", (c) => c.body(null, 204)),
    ...changes,
  });
  const { port, closed } = service;
  const scheme = changes.encryption ? "https" : "http";
  return {
    port,
    closed,
    lines: scene.lines,
    call: (path, init = {}) =>
      fetch(`${scheme}://127.0.0.1:${port}${path}`, {
        redirect: "manual",
        ...init,
        headers: { ...LOGIN, ...init.headers },
      }),
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      scene[Symbol.dispose]();
    },
  };
}
