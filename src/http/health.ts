import type { Hono } from "hono";
import type { HttpEnv } from "./http_service.ts";

/**
 * Routes for those who watch over the process, for everybody and without content.
 *
 * `/livez`: the process answers (204). `/readyz`: it is in service (204), or not yet, or no more (503).
 */
export function healthRoutes(
  isReady: () => boolean,
): (app: Hono<HttpEnv>) => void {
  return (app) => {
    app.get("/livez", (c) => c.body(null, 204));
    app.get("/readyz", (c) => c.body(null, isReady() ? 204 : 503));
  };
}
