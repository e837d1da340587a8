import { type SignAlgorithm, signedQuery } from "#auth/signature.ts";
import type { Clock } from "#base/clock.ts";
import { errorText } from "#base/errors.ts";
import { parseGoDuration } from "#base/go_duration.ts";
import { ConfigError } from "#config/errors.ts";
import { loadConfig } from "#config/load.ts";
import type { Config } from "#config/root_schema.ts";
import { validatePathName } from "#paths/path_name.ts";

/** How long a URL is good for if nobody says so. */
const DEFAULT_TTL = "1h";

const ALGORITHMS: readonly SignAlgorithm[] = ["md5", "sha256"];

/** How the command is called. */
export const SIGN_USAGE =
  "weir sign <path> [--ttl 1h] [--algorithm md5|sha256] [--config file]";

/** What {@linkcode signCommand} takes from the outside. */
export interface SignOptions {
  readonly write: (line: string) => void;
  readonly clock: Clock;
}

/** What the command line says. */
interface SignOrder {
  readonly pathName: string;
  readonly ttlMs: number;
  readonly algorithm: SignAlgorithm | undefined;
  /** Of the configuration; empty for the usual ones. */
  readonly files: readonly string[];
}

/**
 * Signs the URL of a path with the secret of the configuration: writes the query, then whole URLs.
 *
 * Output: exit code, 1 if there is nothing to sign with or the URL would be refused.
 */
export async function signCommand(
  args: readonly string[],
  { write, clock }: SignOptions,
): Promise<number> {
  try {
    const order = parseSignOrder(args);
    const { config } = await loadConfig(order.files);
    const query = queryFor(order, config, clock.wallMs());
    write(query);
    for (const url of urlsOf(config)) {
      write(`${url}/${order.pathName}?${query}`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof ConfigError)) {
      throw error;
    }
    for (const line of errorText(error).split("\n")) write(`ERR: ${line}`);
    return 1;
  }
}

/**
 * Reads what stands behind `sign` on the command line.
 *
 * @throws {RangeError} if it makes no sense.
 */
export function parseSignOrder(args: readonly string[]): SignOrder {
  const values = new Map<string, string>();
  const names: string[] = [];
  const files: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (!arg.startsWith("--")) {
      names.push(arg);
      continue;
    }
    const value = args[++i];
    if (!["--ttl", "--algorithm", "--config"].includes(arg)) {
      throw new RangeError(`unexpected argument "${arg}": ${SIGN_USAGE}`);
    }
    if (value === undefined) throw new RangeError(`${arg} needs a value`);
    if (arg === "--config") files.push(value);
    else values.set(arg, value);
  }
  const [name = "", ...more] = names;
  const pathName = name.replace(/^\/+|\/+$/g, "");
  if (pathName === "" || more.length > 0) {
    throw new RangeError(`one path is needed: ${SIGN_USAGE}`);
  }
  const refusal = validatePathName(pathName);
  if (refusal !== undefined) {
    throw new RangeError(`invalid path name: ${refusal} (${pathName})`);
  }
  const ttlMs = parseGoDuration(values.get("--ttl") ?? DEFAULT_TTL);
  if (ttlMs < 1_000) throw new RangeError("--ttl must be one second or more");
  const given = values.get("--algorithm");
  const algorithm = ALGORITHMS.find((known) => known === given);
  if (given !== undefined && algorithm === undefined) {
    throw new RangeError(`--algorithm must be md5 or sha256, found "${given}"`);
  }
  return { pathName, ttlMs, algorithm, files };
}

function queryFor(
  { pathName, ttlMs, algorithm }: SignOrder,
  config: Config,
  nowMs: number,
): string {
  const { authSignSecret: secret, authSignWindowMs: windowMs } = config;
  if (secret.reveal() === "") {
    throw new RangeError(
      "nothing to sign with: set authSignSecret in the configuration, or MTX_AUTHSIGNSECRET",
    );
  }
  if (windowMs > 0 && ttlMs > windowMs) {
    throw new RangeError(
      "the server would refuse this URL: --ttl is longer than authSignWindow",
    );
  }
  return signedQuery(pathName, Math.floor((nowMs + ttlMs) / 1_000), {
    secret,
    algorithm: algorithm ?? config.authSignAlgorithm,
  });
}

/** Where this server listens, for programs on the same machine. */
function urlsOf(config: Config): string[] {
  const servers = [
    {
      scheme: "rtsp",
      isOn: config.rtsp && config.rtspEncryption !== "strict",
      address: config.rtspAddress,
    },
    {
      scheme: "rtsps",
      isOn: config.rtsp && config.rtspEncryption !== "no",
      address: config.rtspsAddress,
    },
    {
      scheme: "rtmp",
      isOn: config.rtmp && config.rtmpEncryption !== "strict",
      address: config.rtmpAddress,
    },
    {
      scheme: "rtmps",
      isOn: config.rtmp && config.rtmpEncryption !== "no",
      address: config.rtmpsAddress,
    },
  ];
  return servers.filter(({ isOn }) => isOn).map(({ scheme, address }) =>
    `${scheme}://localhost${address.slice(address.lastIndexOf(":"))}`
  );
}
