import { BUILD_INFO } from "#base/build_info.ts";
import { systemClock } from "#base/clock.ts";
import { errorStack, errorText } from "#base/errors.ts";
import { createLogger, type Logger } from "#base/log.ts";
import { ConfigError } from "#config/errors.ts";
import { loadConfig, type LoadedConfig } from "#config/load.ts";
import type { Config } from "#config/root_schema.ts";
import { consoleSink } from "#logging/console.ts";
import { absolutePath } from "#platform/files.ts";
import { raiseFileLimit } from "#platform/raise_file_limit.ts";
import { onTermination, onUncaughtError } from "#platform/signals.ts";
import { systemName } from "#platform/system.ts";
import { sendEngine } from "#platform/tcp.ts";
import { standardOutput } from "#platform/terminal.ts";
import { openServer } from "#server";

/** Everything must have ended by then; what has not is cut off. */
const SHUTDOWN_MS = 4_500;

/**
 * Runs the server until it is told to stop.
 *
 * Output: exit code, 0 after a signal, 1 if it could not start.
 */
export async function runCommand(file: string | undefined): Promise<number> {
  let loaded: LoadedConfig;
  try {
    loaded = await loadConfig(file);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const line of error.message.split("\n")) {
      standardOutput.write(`ERR: ${line}`);
    }
    return 1;
  }
  const { config } = loaded;
  const sink = consoleSink(standardOutput, () => new Date());
  const logger = createLogger(sink, config.logLevel);
  logger.info(`weir ${BUILD_INFO.version}, ${systemName()}`);
  if (loaded.file !== undefined) {
    logger.info(`configuration loaded from ${absolutePath(loaded.file)}`);
  }
  for (const warning of loaded.warnings) logger.warn(warning);
  raiseFileLimit();
  logger.debug(() => `TCP is sent by ${sendEngine()}`);
  return await serve(config, logger);
}

async function serve(config: Config, logger: Logger): Promise<number> {
  const { promise: told, resolve: tell } = Promise.withResolvers<void>();
  using _signals = onTermination(() => tell());
  using _errors = onUncaughtError((error) =>
    logger.error(`Internal error: ${errorStack(error)}`)
  );
  try {
    const server = await openServer({ config, logger, clock: systemClock });
    logUrls(config, logger);
    await told;
    logger.info("shutting down gracefully");
    const ended = await endWithin(server, SHUTDOWN_MS);
    if (!ended) logger.warn("some sessions did not end in time");
    return 0;
  } catch (error) {
    logger.error(errorText(error));
    return 1;
  }
}

/** Tells a newcomer where to publish and read. */
function logUrls(config: Config, logger: Logger): void {
  const urls = [];
  if (config.rtsp) {
    urls.push(
      config.rtspEncryption === "strict"
        ? urlOf("rtsps", config.rtspsAddress, 322)
        : urlOf("rtsp", config.rtspAddress, 554),
    );
  }
  if (config.rtmp) {
    urls.push(
      config.rtmpEncryption === "strict"
        ? urlOf("rtmps", config.rtmpsAddress, 443)
        : urlOf("rtmp", config.rtmpAddress, 1935),
    );
  }
  if (urls.length === 0) return;
  logger.info(`publish to and read from ${urls.join(" or ")}`);
}

function urlOf(scheme: string, address: string, ownPort: number): string {
  const port = address.slice(address.lastIndexOf(":") + 1);
  const suffix = port === String(ownPort) ? "" : `:${port}`;
  return `${scheme}://localhost${suffix}/mystream`;
}

async function endWithin(
  server: AsyncDisposable,
  limitMs: number,
): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const cancel = systemClock.after(limitMs, () => resolve(false));
  const ended = server[Symbol.asyncDispose]().then(() => true);
  return await Promise.race([ended, late]).finally(cancel);
}
