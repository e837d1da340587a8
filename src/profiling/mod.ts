import { LoopLagSampler } from "#base/loop_lag.ts";
import type { ProtocolModule } from "#core/ports.ts";
import { openHttpService } from "#http/http_service.ts";
import {
  changeFor,
  type ServiceConfig,
  serviceKeys,
  serviceOptions,
} from "#http/service_keys.ts";
import { ProfilingRoutes } from "./routes.ts";

/** Keys that the service reads. */
export interface PprofConfig extends ServiceConfig<"pprof"> {
  readonly pprof: boolean;
}

/** A change of one of these needs a new service. */
const CONFIG_KEYS: readonly (keyof PprofConfig)[] = [
  "pprof",
  ...serviceKeys("pprof"),
];

/** What the program does with processor, memory and time, for those who look for the reason. */
export const pprof: ProtocolModule<PprofConfig> = {
  name: "pprof",
  async open(config, ports) {
    if (!config.pprof) return undefined;
    await using opened = new AsyncDisposableStack();
    const loopLag = opened.use(new LoopLagSampler(ports.clock));
    const routes = new ProfilingRoutes(ports, loopLag);
    const service = opened.use(
      await openHttpService({
        name: "pprof",
        action: "pprof",
        ...serviceOptions("pprof", config),
        allowMethods: "OPTIONS, GET",
        allowHeaders: "Authorization",
        ports,
        routes: (app) => routes.addTo(app),
      }),
    );
    opened.use(routes); // ends what is under way before the service waits for it
    const resources = opened.move();
    return {
      closed: service.closed,
      apply: (next) => changeFor(CONFIG_KEYS, config, next),
      [Symbol.asyncDispose]: () => resources.disposeAsync(),
    };
  },
};
