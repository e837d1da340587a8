import {
  type Field,
  field,
  httpAddress,
  ipNetworks,
  listOf,
  type ModuleName,
  text,
  type Values,
  type ValueType,
  yesNo,
} from "#base/schema.ts";

type Networks = ReturnType<typeof ipNetworks> extends ValueType<infer T> ? T
  : never;

/** Keys that every HTTP service has, with its name in front. */
type HttpServiceFields<P extends string> =
  & { readonly [K in P]: Field<boolean> }
  & { readonly [K in `${P}Address`]: Field<string> }
  & { readonly [K in `${P}Encryption`]: Field<boolean> }
  & { readonly [K in `${P}ServerKey` | `${P}ServerCert`]: Field<string> }
  & { readonly [K in `${P}AllowOrigins`]: Field<readonly string[]> }
  & { readonly [K in `${P}TrustedProxies`]: Field<Networks> };

interface HttpService<P extends string> {
  readonly prefix: P & ModuleName;
  readonly address: string;
  readonly isOn: boolean;
  readonly doc: string;
  /** Whether this build has the service. */
  readonly isThere?: boolean;
}

function httpServiceKeys<const P extends string>(
  { prefix, address, isOn, doc, isThere = false }: HttpService<P>,
): HttpServiceFields<P> {
  const common = { effect: [prefix], isPending: !isThere } as const;
  const keys: Record<string, unknown> = {
    [prefix]: field(yesNo(), {
      ...common,
      default: isOn,
      isPending: (value) => !isThere && value,
      doc,
    }),
    [`${prefix}Address`]: field(httpAddress(), {
      ...common,
      default: address,
      doc: "Address of the HTTP listener; unix:///path for a socket file.",
    }),
    [`${prefix}Encryption`]: field(yesNo(), {
      ...common,
      default: false,
      doc: "Serve HTTPS.",
    }),
    [`${prefix}ServerKey`]: field(text(), {
      ...common,
      default: "server.key",
      doc: "Private key file, needed for HTTPS.",
    }),
    [`${prefix}ServerCert`]: field(text(), {
      ...common,
      default: "server.crt",
      doc: "Certificate file, needed for HTTPS.",
    }),
    [`${prefix}AllowOrigins`]: field(listOf(text()), {
      ...common,
      default: ["*"],
      doc:
        "Origins that browsers may call from; wildcards such as http://*.example.com.",
    }),
    [`${prefix}TrustedProxies`]: field(ipNetworks(), {
      ...common,
      default: [],
      doc: "Proxies whose X-Forwarded-For header is believed.",
    }),
  };
  return keys as HttpServiceFields<P>;
}

/** Keys of the control API. */
export const apiKeys = {
  ...httpServiceKeys({
    prefix: "api",
    address: ":9997",
    isOn: false,
    doc: "Serve the control API.",
    isThere: true,
  }),
  apiAllowHooks: field(yesNo(), {
    default: false,
    effect: "live",
    doc:
      "Let the API set commands and webhooks (runOn...). Only the configuration files and the environment can say so.",
  }),
  apiPersist: field(yesNo(), {
    default: false,
    effect: "live",
    doc:
      "Keep what the API changes in a file beside the configuration file: weir.api.yml beside weir.yml. Only the " +
      "configuration files and the environment can say so.",
  }),
};

/** Keys of the metrics service. */
export const metricsKeys = httpServiceKeys({
  prefix: "metrics",
  address: ":9998",
  isOn: false,
  doc: "Serve metrics for Prometheus.",
  isThere: true,
});

/** Keys of the profiling service. */
export const pprofKeys = httpServiceKeys({
  prefix: "pprof",
  address: ":9999",
  isOn: false,
  doc: "Serve profiles of the running program.",
  isThere: true,
});

/** Keys of the playback service. */
export const playbackKeys = httpServiceKeys({
  prefix: "playback",
  address: ":9996",
  isOn: false,
  doc: "Serve recordings.",
  isThere: true,
});

/** Keys that the HLS server shares with the other services. */
export const hlsServiceKeys = httpServiceKeys({
  prefix: "hls",
  address: ":8888",
  isOn: true,
  doc: "Serve streams over HLS.",
  isThere: true,
});

/** Keys that the WebRTC server shares with the other services. */
export const webrtcServiceKeys = httpServiceKeys({
  prefix: "webrtc",
  address: ":8889",
  isOn: true,
  doc: "Accept and serve streams over WebRTC.",
});

/** Values of {@linkcode apiKeys}. */
export type ApiConfig = Values<typeof apiKeys>;
/** Values of {@linkcode metricsKeys}. */
export type MetricsConfig = Values<typeof metricsKeys>;
/** Values of {@linkcode pprofKeys}. */
export type PprofConfig = Values<typeof pprofKeys>;
/** Values of {@linkcode playbackKeys}. */
export type PlaybackConfig = Values<typeof playbackKeys>;
