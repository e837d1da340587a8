import type { Logger } from "#base/log.ts";
import type { Config } from "#config/root_schema.ts";
import { environment } from "#platform/env.ts";
import { runCommand } from "./run.ts";
import { pageUrl, streamUrls } from "./stream_urls.ts";

/** How the command is used. */
export const DEMO_USAGE = "weir demo";

/** Path of the clip, and the variable that sets its source. */
const PATH_NAME = "test";
const SOURCE_VARIABLE = "WEIR_PATHS_TEST_SOURCE";

/**
 * Runs the server without any configuration file, with a clip to look at; the log says where it can be seen.
 *
 * Output: exit code, as that of {@linkcode runCommand}.
 */
export async function demoCommand(): Promise<number> {
  return await runCommand([], {
    load: {
      environment: { ...environment(), [SOURCE_VARIABLE]: "test" },
      candidates: [],
    },
    greet: logDemo,
  });
}

function logDemo(config: Config, logger: Logger): void {
  const page = pageUrl(config, PATH_NAME);
  if (page !== undefined) logger.info(`watch it in a browser: ${page}`);
  for (const url of streamUrls(config, PATH_NAME)) {
    logger.info(`or with a player such as VLC: ${url}`);
  }
}
