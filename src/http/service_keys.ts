import type { IpNetwork } from "#base/ip.ts";
import type { HttpServiceOptions } from "./http_service.ts";

/** Values of the config keys that every HTTP service has, behind its own prefix. */
export type ServiceConfig<P extends string> =
  & { readonly [K in `${P}${"Address" | "ServerKey" | "ServerCert"}`]: string }
  & { readonly [K in `${P}Encryption`]: boolean }
  & { readonly [K in `${P}AllowOrigins`]: readonly string[] }
  & { readonly [K in `${P}TrustedProxies`]: readonly IpNetwork[] }
  & { readonly readTimeoutMs: number; readonly writeTimeoutMs: number };

/** What {@linkcode serviceOptions} answers. */
type KeyedOptions = Pick<
  HttpServiceOptions,
  | "address"
  | "addressKey"
  | "encryption"
  | "serverKey"
  | "serverCert"
  | "certificateKeys"
  | "allowOrigins"
  | "trustedProxies"
  | "readTimeoutMs"
  | "writeTimeoutMs"
>;

/** Properties of the configuration that a service with this prefix is opened anew for. */
export function serviceKeys<P extends string>(
  prefix: P,
): (keyof ServiceConfig<P>)[] {
  return [
    `${prefix}Address`,
    `${prefix}Encryption`,
    `${prefix}ServerKey`,
    `${prefix}ServerCert`,
    `${prefix}AllowOrigins`,
    `${prefix}TrustedProxies`,
    "readTimeoutMs",
    "writeTimeoutMs",
  ];
}

/** What the configuration says of the service whose keys begin with `prefix`. */
export function serviceOptions<P extends string>(
  prefix: P,
  config: ServiceConfig<P>,
): KeyedOptions {
  const read = <K extends keyof ServiceConfig<"">>(key: K) =>
    Reflect.get(config, `${prefix}${key}`) as ServiceConfig<"">[K];
  return {
    address: read("Address"),
    addressKey: `${prefix}Address`,
    encryption: read("Encryption"),
    serverKey: read("ServerKey"),
    serverCert: read("ServerCert"),
    certificateKeys: {
      key: `${prefix}ServerKey`,
      certificate: `${prefix}ServerCert`,
    },
    allowOrigins: read("AllowOrigins"),
    trustedProxies: read("TrustedProxies"),
    readTimeoutMs: config.readTimeoutMs,
    writeTimeoutMs: config.writeTimeoutMs,
  };
}

/** Whether a service can go on as it is: nothing that it reads has changed. */
export function changeFor<C extends object>(
  keys: readonly (keyof C)[],
  before: C,
  next: C,
): "done" | "restart" {
  return keys.every((key) => String(next[key]) === String(before[key]))
    ? "done"
    : "restart";
}
