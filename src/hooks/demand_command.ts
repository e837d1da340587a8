import type { Logger } from "#base/log.ts";
import type { CommandRunner } from "./command_runner.ts";

/** What of a path's settings is about commands on demand. */
export interface DemandCommandSettings {
  readonly runOnDemand: string;
  readonly runOnDemandRestart: boolean;
  readonly runOnUnDemand: string;
}

/** Somebody wants to read a path. */
export interface DemandOptions {
  readonly pathName: string;
  /** What the groups of the path's pattern took. */
  readonly groups: readonly string[];
  /** Query of the first requester's URL, without the question mark. */
  readonly query: string;
  readonly settings: DemandCommandSettings;
  /** Logger of the path. */
  readonly logger: Logger;
}

/** Variables that every command of a path is told. */
export function pathVariables(
  { pathName, groups, rtspPort }: {
    readonly pathName: string;
    readonly groups: readonly string[];
    /** Port of the RTSP server; empty if there is none. */
    readonly rtspPort: string;
  },
): Record<string, string> {
  const variables: Record<string, string> = {
    MTX_PATH: pathName,
    RTSP_PATH: pathName,
    RTSP_PORT: rtspPort,
  };
  for (const [i, group] of groups.entries()) variables[`G${i + 1}`] = group;
  return variables;
}

/** The query as one value of another query: `a=b c` becomes `a%3Db+c`. */
export function escapedQuery(query: string): string {
  return encodeURIComponent(query.toWellFormed())
    .replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16)}`)
    .replace(/%20/g, "+")
    .replace(/%[\da-f]{2}/g, (one) => one.toUpperCase());
}

/** Runs a path's `runOnDemand`; the result stops it and launches `runOnUnDemand`. */
export function runOnDemand(
  runner: CommandRunner,
  rtspPort: string,
  { pathName, groups, query, settings, logger }: DemandOptions,
): (reason: string) => void {
  const variables = {
    ...pathVariables({ pathName, groups, rtspPort }),
    MTX_QUERY: escapedQuery(query),
  };
  const command = runner.start({
    name: "runOnDemand",
    command: settings.runOnDemand,
    restart: settings.runOnDemandRestart,
    variables,
    logger,
  });
  return (reason) => {
    command.stop(reason);
    if (settings.runOnUnDemand === "") return;
    runner.launch({
      name: "runOnUnDemand",
      command: settings.runOnUnDemand,
      variables,
      logger,
    });
  };
}
