import type { Config } from "#config/root_schema.ts";
import type { ProtocolModule } from "#core/ports.ts";
import { healthRoutes } from "#http/health.ts";
import { openHttpService } from "#http/http_service.ts";
import { changeFor, serviceKeys, serviceOptions } from "#http/service_keys.ts";
import type { ApiOptions, ApiParts } from "./context.ts";
import { openApiDocument } from "./openapi.ts";
import { addOperations, type Operation } from "./operation.ts";
import { configOperations } from "./routes/config.ts";
import { eventOperations } from "./routes/events.ts";
import { generalOperations } from "./routes/general.ts";
import { pathOperations } from "./routes/paths.ts";
import { recordingOperations } from "./routes/recordings.ts";
import { sessionOperations } from "./routes/sessions.ts";

/** A change of one of these needs a new service. */
const CONFIG_KEYS: readonly (keyof Config)[] = [
  "api",
  ...serviceKeys("api"),
];

/** The control API. */
export function api(options: ApiOptions): ProtocolModule<Config> {
  return {
    name: "API",
    async open(config, ports) {
      if (!config.api) return undefined;
      const ending = new AbortController();
      const operations = apiOperations({
        ...options,
        ports,
        signal: ending.signal,
      });
      const document = openApiDocument(operations);
      const service = await openHttpService({
        name: "API",
        action: "api",
        ...serviceOptions("api", config),
        allowMethods: "OPTIONS, GET, POST, PATCH, DELETE",
        allowHeaders: "Authorization, Content-Type",
        ports,
        routes: (app) => {
          addOperations(app, operations);
          app.get("/v3/openapi.json", (context) => context.json(document));
        },
        openRoutes: healthRoutes(options.isReady),
      });
      return {
        closed: service.closed,
        apply: (next) => changeFor(CONFIG_KEYS, config, next),
        async [Symbol.asyncDispose]() {
          ending.abort(new Error("terminated"));
          await service[Symbol.asyncDispose]();
        },
      };
    },
  };
}

/** Everything that the API does. */
export function apiOperations(parts: ApiParts): Operation[] {
  return [
    ...generalOperations(parts),
    ...configOperations(parts),
    ...pathOperations(parts),
    ...sessionOperations(parts),
    ...recordingOperations(parts),
    ...eventOperations(parts),
  ];
}
