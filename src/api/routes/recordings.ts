import { z } from "zod";
import { PathError } from "#core/errors.ts";
import { HttpError } from "#http/http_error.ts";
import { compareByteOrder } from "#paths/path_matcher.ts";
import { PlatformError } from "#platform/errors.ts";
import type { ApiParts } from "#api/context.ts";
import { localTime } from "#api/local_time.ts";
import type { Operation } from "#api/operation.ts";
import { PAGE_QUERY, pageOf } from "#api/pagination.ts";
import { nameOf } from "#api/read_request.ts";
import { listSchema, objectSchema, OK, time } from "#api/schemas.ts";

const RECORDING = objectSchema("Recording", {
  name: z.string(),
  segments: z.array(z.object({ start: time() })),
});

const RECORDING_LIST = listSchema("RecordingList", RECORDING);

/** Spec: RFC 3339 §5.6. */
const RFC_3339_TIME =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/;

/** Operations on recordings. */
export function recordingOperations({ recorder }: ApiParts): Operation[] {
  const { recordings } = recorder;
  return [
    {
      method: "get",
      path: "/v3/recordings/list",
      id: "recordingsList",
      tag: "Recordings",
      summary: "Describes all recordings, by path.",
      query: PAGE_QUERY,
      answer: RECORDING_LIST,
      errors: [400],
      handle: async (context) => {
        const starts = await orRefused(recordings.list());
        const names = [...starts.keys()].sort(compareByteOrder);
        return pageOf(
          names,
          (name) => context.req.query(name),
          (name) => recordingOf(name, starts.get(name)!),
        );
      },
    },
    {
      method: "get",
      path: "/v3/recordings/get/{name}",
      id: "recordingsGet",
      tag: "Recordings",
      summary: "Describes the recordings of a path.",
      answer: RECORDING,
      errors: [400],
      handle: async (context) => {
        const name = nameOf(context);
        const segments = await orRefused(recordings.of(name));
        return recordingOf(name, segments.map(({ startUs }) => startUs));
      },
    },
    {
      method: "delete",
      path: "/v3/recordings/deletesegment",
      id: "recordingsDeleteSegment",
      tag: "Recordings",
      summary: "Deletes a part of a recording.",
      query: z.object({
        path: z.string(),
        start: time().describe("As the lists have it."),
      }),
      answer: OK,
      errors: [400],
      handle: async (context) => {
        const start = context.req.query("start") ?? "";
        const startUs = parseTime(start);
        const path = context.req.query("path") ?? "";
        const refusal = await orRefused(recordings.removeAt(path, startUs));
        if (refusal === undefined) return;
        const what = `Cannot delete the recording of path '${path}'`;
        throw new HttpError(
          400,
          refusal === "open"
            ? `${what} from ${start}: it is being written`
            : `${what} from ${start}: there is none`,
        );
      },
    },
    orderOperation(recorder, true),
    orderOperation(recorder, false),
  ];
}

function orderOperation(
  recorder: ApiParts["recorder"],
  isOn: boolean,
): Operation {
  const verb = isOn ? "start" : "stop";
  return {
    method: "post",
    path: `/v3/recordings/${verb}/{name}`,
    id: isOn ? "recordingsStart" : "recordingsStop",
    tag: "Recordings",
    summary: isOn
      ? "Records a path, whatever `record` says, until that is changed or the path is closed."
      : "Ends the recording of a path, whatever `record` says, until that is changed or the path is closed.",
    answer: OK,
    errors: [400, 404],
    handle: (context) => {
      if (recorder.order(nameOf(context), isOn)) return;
      throw new HttpError(404, "path not found");
    },
  };
}

function recordingOf(
  name: string,
  startsUs: readonly number[],
): z.input<typeof RECORDING> {
  const segments = startsUs.map((startUs) => ({
    start: localTime(startUs / 1_000),
  }));
  return { name, segments };
}

/** Microseconds since the epoch. @throws {HttpError} 400 if it is no time. */
function parseTime(text: string): number {
  const [, seconds, fraction = "", zone] = RFC_3339_TIME.exec(text) ?? [];
  const ms = Date.parse(`${seconds}${zone}`);
  if (!Number.isNaN(ms)) {
    return ms * 1_000 + Number(fraction.slice(0, 6).padEnd(6, "0"));
  }
  throw new HttpError(
    400,
    `invalid 'start' parameter: must be a time such as 2026-03-01T12:00:00Z, found ${
      JSON.stringify(text)
    }`,
  );
}

/** @throws {HttpError} 400 if a name is not configured, or a folder or file may not be touched. */
async function orRefused<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const isRefusal = error instanceof PathError ||
      error instanceof PlatformError;
    if (!isRefusal) throw error;
    throw new HttpError(400, error.message);
  }
}
