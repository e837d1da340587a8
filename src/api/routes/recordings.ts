import { z } from "zod";
import { PathError } from "#core/errors.ts";
import { HttpError } from "#http/http_error.ts";
import { PathMatcher } from "#paths/path_matcher.ts";
import type { ApiParts } from "#api/context.ts";
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
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** Nothing is recorded yet. */
const NO_RECORDINGS: readonly z.input<typeof RECORDING>[] = [];

/** Operations on recordings. */
export function recordingOperations({ control }: ApiParts): Operation[] {
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
      handle: (context) =>
        pageOf(
          NO_RECORDINGS,
          (name) => context.req.query(name),
          (recording) => recording,
        ),
    },
    {
      method: "get",
      path: "/v3/recordings/get/{name}",
      id: "recordingsGet",
      tag: "Recordings",
      summary: "Describes the recordings of a path.",
      answer: RECORDING,
      errors: [400],
      handle: (context) => {
        const name = nameOf(context);
        requireConfigured(control, name);
        return { name, segments: [] };
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
      handle: (context) => {
        const start = context.req.query("start") ?? "";
        if (!RFC_3339_TIME.test(start) || Number.isNaN(Date.parse(start))) {
          throw new HttpError(
            400,
            `invalid 'start' parameter: must be a time such as 2026-03-01T12:00:00Z, found ${
              JSON.stringify(start)
            }`,
          );
        }
        const path = context.req.query("path") ?? "";
        requireConfigured(control, path);
        throw new HttpError(
          400,
          `Cannot delete the recording of path '${path}' from ${start}: there is none`,
        );
      },
    },
  ];
}

/** @throws {HttpError} 400 if no entry of the configuration takes this name. */
function requireConfigured(
  { config }: ApiParts["control"],
  name: string,
): void {
  try {
    new PathMatcher(config.paths).match(name);
  } catch (error) {
    if (!(error instanceof PathError)) throw error;
    throw new HttpError(400, error.message);
  }
}
