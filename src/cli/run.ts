import { BUILD_INFO } from "#base/build_info.ts";
import { systemClock } from "#base/clock.ts";
import { errorStack, errorText } from "#base/errors.ts";
import type { Logger } from "#base/log.ts";
import { ConfigControl, type ConfigTarget } from "#config/control.ts";
import { ConfigError } from "#config/errors.ts";
import {
  loadConfig,
  type LoadedConfig,
  type LoadOptions,
} from "#config/load.ts";
import type { Config } from "#config/root_schema.ts";
import { ConfigSources } from "#config/sources.ts";
import { openConfigWatcher } from "#config/watcher.ts";
import { type Logging, openLogging } from "#logging/open_logging.ts";
import { absolutePath } from "#platform/files.ts";
import { raiseFileLimit } from "#platform/raise_file_limit.ts";
import {
  onHangup,
  onReopen,
  onTermination,
  onUncaughtError,
} from "#platform/signals.ts";
import { systemName } from "#platform/system.ts";
import { sendEngine } from "#platform/tcp.ts";
import { standardOutput } from "#platform/terminal.ts";
import { openServer } from "#server";
import { streamUrls } from "./stream_urls.ts";

/** Everything must have ended by then; what has not is cut off. */
const SHUTDOWN_MS = 4_500;

/** How the server is run, if not as usual. */
export interface RunOptions {
  /** What the configuration is loaded with. */
  readonly load?: Pick<LoadOptions, "environment" | "candidates">;
  /** Tells what to do with a server that has started; where to publish and read if left out. */
  readonly greet?: (config: Config, logger: Logger) => void;
}

/**
 * Runs the server until it is told to stop.
 *
 * Output: exit code, 0 after a signal, 1 if it could not start.
 */
export async function runCommand(
  files: readonly string[],
  options: RunOptions = {},
): Promise<number> {
  const sources = new ConfigSources();
  const { load } = options;
  let loaded: LoadedConfig;
  try {
    loaded = await loadConfig(files, {
      ...load,
      sources,
      rejectsOverlay: true,
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const line of error.message.split("\n")) {
      standardOutput.write(`ERR: ${line}`);
    }
    return 1;
  }
  const { config } = loaded;
  await using opened = new AsyncDisposableStack();
  let logging: Logging;
  try {
    logging = opened.use(
      await openLogging(config, {
        clock: systemClock,
        isTerminal: standardOutput.isTerminal,
      }),
    );
  } catch (error) {
    standardOutput.write(`ERR: ${errorText(error)}`);
    return 1;
  }
  const { logger } = logging;
  logger.info(`weir ${BUILD_INFO.version}, ${systemName()}`);
  for (const file of loaded.files) {
    logger.info(`configuration loaded from ${absolutePath(file)}`);
  }
  for (const warning of loaded.warnings) logger.warn(warning);
  for (const error of loaded.errors) logger.error(error);
  raiseFileLimit();
  logger.debug(() => `TCP is sent by ${sendEngine()}`);
  const control = new ConfigControl({
    load: (isOnTrial) =>
      loadConfig(files, isOnTrial ? { ...load } : { ...load, sources }),
    loaded,
    logger,
  });
  return await serve(control, {
    logging,
    sources,
    greet: options.greet ?? logUrls,
  });
}

async function serve(
  control: ConfigControl,
  { logging, sources, greet }: {
    readonly logging: Logging;
    readonly sources: ConfigSources;
    readonly greet: (config: Config, logger: Logger) => void;
  },
): Promise<number> {
  const { logger } = logging;
  const clock = systemClock;
  const { promise: told, resolve: tell } = Promise.withResolvers<void>();
  using _signals = onTermination(() => tell());
  using _reopening = onReopen(() => logging.reopen());
  using _errors = onUncaughtError((error) =>
    logger.error(`Internal error: ${errorStack(error)}`)
  );
  try {
    const server = await openServer({ control, logger, clock });
    control.attach(loggingFirst(server, logging, control.config));
    const reload = (reason: string) => control.reload(reason).catch(() => {}); // in the log already
    using _reloading = onHangup(() => void reload("SIGHUP"));
    const watcher = await openConfigWatcher({ sources, reload, clock, logger });
    greet(control.config, logger);
    await told;
    logger.info("shutting down gracefully");
    await watcher[Symbol.asyncDispose]();
    const ended = await endWithin(server, SHUTDOWN_MS);
    if (!ended) logger.warn("some sessions did not end in time");
    return 0;
  } catch (error) {
    logger.error(errorText(error));
    return 1;
  }
}

/** A server whose log takes a new configuration before everything else does. */
function loggingFirst(
  server: ConfigTarget,
  logging: Logging,
  config: Config,
): ConfigTarget {
  let current = config;
  return {
    plan: (next) => server.plan(next),
    handleRefusal: (reason) => server.handleRefusal(reason),
    async apply(next) {
      await logging.apply(next);
      try {
        await server.apply(next);
        current = next;
      } catch (error) {
        await logging.apply(current);
        throw error;
      }
    },
  };
}

/** Tells a newcomer where to publish and read. */
function logUrls(config: Config, logger: Logger): void {
  const urls = streamUrls(config, "mystream");
  if (urls.length === 0) return;
  logger.info(`publish to and read from ${urls.join(" or ")}`);
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
