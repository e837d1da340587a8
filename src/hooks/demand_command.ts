import type { Logger } from "#base/log.ts";
import { redactCredentials } from "#base/redact.ts";
import type { HookStarter } from "./hook_runner.ts";
import { escapedQuery, pathVariables } from "./hook_variables.ts";

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

/** Runs a path's `runOnDemand`; the result stops it and launches `runOnUnDemand`. */
export function runOnDemand(
  runner: HookStarter,
  rtspPort: string,
  { pathName, groups, query, settings, logger }: DemandOptions,
): (reason: string) => void {
  const variables = {
    ...pathVariables({ pathName, groups, rtspPort }),
    MTX_QUERY: escapedQuery(query),
  };
  const data = { path: pathName, groups, query: redactCredentials(query) };
  const common = { variables, logger };
  const command = runner.start({
    ...common,
    name: "runOnDemand",
    command: settings.runOnDemand,
    restart: settings.runOnDemandRestart,
    event: { type: "path.demanded", subject: pathName, data },
  });
  return (reason) => {
    command.stop(reason);
    if (settings.runOnUnDemand === "") return;
    runner.launch({
      ...common,
      name: "runOnUnDemand",
      command: settings.runOnUnDemand,
      event: {
        type: "path.undemanded",
        subject: pathName,
        data: { ...data, reason },
      },
    });
  };
}
