import type { Logger } from "#base/log.ts";
import type { SegmentEvent } from "#base/segment_event.ts";
import type { PathHookConfig } from "./config.ts";
import type { HookOptions } from "./hook_runner.ts";
import { pathVariables } from "./hook_variables.ts";

/** What of a path's settings is about the files of its recordings. */
export type SegmentHookSettings = Pick<
  PathHookConfig,
  "runOnRecordSegmentCreate" | "runOnRecordSegmentComplete"
>;

/** What the hook of a file is made of, beside what has happened. */
export interface SegmentHookParts {
  readonly settings: SegmentHookSettings;
  readonly rtspPort: string;
  readonly logger: Logger;
}

/** The hook that a file of a recording launches; undefined if there is none. */
export function segmentHook(
  event: SegmentEvent,
  { settings, rtspPort, logger }: SegmentHookParts,
): HookOptions | undefined {
  const { pathName, confName, groups, file } = event;
  const isComplete = event.type === "segmentCompleted";
  const name = isComplete
    ? "runOnRecordSegmentComplete"
    : "runOnRecordSegmentCreate";
  const command = settings[name];
  if (command === "") return undefined;
  const duration = event.durationMs / 1_000;
  return {
    name,
    command,
    variables: {
      ...pathVariables({ pathName, groups, rtspPort }),
      MTX_SEGMENT_PATH: file,
      ...isComplete && { MTX_SEGMENT_DURATION: plainNumber(duration) },
    },
    event: {
      type: isComplete ? "segment.completed" : "segment.created",
      subject: pathName,
      data: {
        path: pathName,
        confName,
        groups,
        file,
        ...isComplete && { duration },
      },
    },
    logger: logger.child(`path ${pathName}`),
  };
}

/** Without exponent, however small. */
function plainNumber(value: number): string {
  return value.toFixed(9).replace(/\.?0+$/, "");
}
