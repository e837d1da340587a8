import type { IpNetwork } from "#base/ip.ts";
import { LoopLagSampler } from "#base/loop_lag.ts";
import type { ProtocolModule } from "#core/ports.ts";
import { openHttpService } from "#http/http_service.ts";
import { ProfilingRoutes } from "./routes.ts";

/** Keys that the service reads. */
export interface PprofConfig {
  readonly pprof: boolean;
  readonly pprofAddress: string;
  readonly pprofEncryption: boolean;
  readonly pprofServerKey: string;
  readonly pprofServerCert: string;
  readonly pprofAllowOrigins: readonly string[];
  readonly pprofTrustedProxies: readonly IpNetwork[];
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
}

/** A change of one of these needs a new service. */
const CONFIG_KEYS: readonly (keyof PprofConfig)[] = [
  "pprof",
  "pprofAddress",
  "pprofEncryption",
  "pprofServerKey",
  "pprofServerCert",
  "pprofAllowOrigins",
  "pprofTrustedProxies",
  "readTimeoutMs",
  "writeTimeoutMs",
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
        address: config.pprofAddress,
        addressKey: "pprofAddress",
        encryption: config.pprofEncryption,
        serverKey: config.pprofServerKey,
        serverCert: config.pprofServerCert,
        certificateKeys: {
          key: "pprofServerKey",
          certificate: "pprofServerCert",
        },
        allowOrigins: config.pprofAllowOrigins,
        trustedProxies: config.pprofTrustedProxies,
        readTimeoutMs: config.readTimeoutMs,
        writeTimeoutMs: config.writeTimeoutMs,
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
      apply: (next) =>
        CONFIG_KEYS.every((key) => String(next[key]) === String(config[key]))
          ? "done"
          : "restart",
      [Symbol.asyncDispose]: () => resources.disposeAsync(),
    };
  },
};
