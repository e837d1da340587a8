import { EventCounts } from "./event_counts.ts";
import {
  type FamilyConfig,
  SESSION_FAMILIES,
  type SessionFamily,
} from "./families.ts";
import { metricsText } from "./metrics_text.ts";
import { MetricsQuery } from "./query.ts";
import { BUILD_INFO } from "#base/build_info.ts";
import { LoopLagSampler } from "#base/loop_lag.ts";
import type { PathInfo } from "#core/path_info.ts";
import type { ModulePorts, ProtocolModule } from "#core/ports.ts";
import type { SessionInfo } from "#core/session_info.ts";
import { healthRoutes } from "#http/health.ts";
import { openHttpService } from "#http/http_service.ts";
import {
  changeFor,
  type ServiceConfig,
  serviceKeys,
  serviceOptions,
} from "#http/service_keys.ts";
import { textStream } from "#http/text_stream.ts";
import { processFigures } from "#platform/process_figures.ts";

/** Keys that the service reads. */
export interface MetricsConfig extends FamilyConfig, ServiceConfig<"metrics"> {
  readonly metrics: boolean;
}

/** A change of one of these needs a new service. */
const CONFIG_KEYS: readonly (keyof MetricsConfig)[] = [
  "metrics",
  "hls",
  "rtsp",
  "rtspEncryption",
  "rtmp",
  "rtmpEncryption",
  ...serviceKeys("metrics"),
];

/** What the service needs beside the ports. */
export interface MetricsOptions {
  /** Whether the program is in service: everything is open and nothing ends. */
  readonly isReady: () => boolean;
}

/** Metrics for Prometheus, and the routes for those who watch over the process. */
export function metrics(
  { isReady }: MetricsOptions,
): ProtocolModule<MetricsConfig> {
  return {
    name: "metrics",
    async open(config, ports) {
      if (!config.metrics) return undefined;
      await using opened = new AsyncDisposableStack();
      const counts = opened.use(new EventCounts(ports.events));
      const loopLag = opened.use(new LoopLagSampler(ports.clock));
      const families = SESSION_FAMILIES.filter(({ isOn }) => isOn(config));
      const scrape = (query: MetricsQuery) =>
        answer(query, { ports, counts, loopLag, families });
      const service = opened.use(
        await openHttpService({
          name: "metrics",
          action: "metrics",
          ...serviceOptions("metrics", config),
          allowMethods: "OPTIONS, GET",
          allowHeaders: "Authorization",
          ports,
          routes: (app) =>
            void app.get("/metrics", (c) => {
              const { searchParams } = new URL(c.req.url);
              const pieces = scrape(new MetricsQuery(searchParams));
              c.header("Content-Type", "text/plain; charset=utf-8");
              return c.body(textStream(pieces));
            }),
          openRoutes: healthRoutes(isReady),
        }),
      );
      const resources = opened.move();
      return {
        closed: service.closed,
        apply: (next) => changeFor(CONFIG_KEYS, config, next),
        [Symbol.asyncDispose]: () => resources.disposeAsync(),
      };
    },
  };
}

interface Sources {
  readonly ports: ModulePorts;
  readonly counts: EventCounts;
  readonly loopLag: LoopLagSampler;
  readonly families: readonly SessionFamily[];
}

function answer(
  query: MetricsQuery,
  { ports, counts, loopLag, families }: Sources,
): Iterator<string> {
  const paths = ports.paths.list().sort(byName);
  const sessions = ports.sessions.list().sort(byCreation);
  return metricsText(query, {
    paths,
    sessions,
    families,
    own: () => ({
      version: BUILD_INFO.version,
      process: processFigures(),
      loopLag: loopLag.read(),
      counts,
      paths,
      sessions,
      sessionTypes: families.map(({ type }) => type),
      rateOf: (pathName) => ports.rates.ofPath(pathName),
    }),
  });
}

function byName(a: PathInfo, b: PathInfo): number {
  return a.name < b.name ? -1 : 1;
}

function byCreation(a: SessionInfo, b: SessionInfo): number {
  return a.createdAtMs - b.createdAtMs;
}
