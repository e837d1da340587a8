import type { z } from "zod";
import type { PathInfo } from "#core/path_info.ts";
import type { SessionInfo } from "#core/session_info.ts";
import { HttpError } from "#http/http_error.ts";
import { notFoundResponse } from "#http/not_found.ts";
import type { ApiParts } from "#api/context.ts";
import type { ApiContext, Operation } from "#api/operation.ts";
import { PAGE_QUERY, pageResponse } from "#api/pagination.ts";
import { bitRates, describeStream, PATH } from "#api/path_answer.ts";
import { BIT_RATE_FIELDS, counter, listSchema, OK } from "#api/schemas.ts";
import {
  describeFields,
  groupSchema,
  SESSION_GROUPS,
  type SessionGroup,
} from "#api/session_groups.ts";
import { parseUuid } from "#api/uuid.ts";

/** What the log says of a session that was told to end. */
const KICK_REASON = "terminated";

const { framesPerSecond, width, height, keyFrameAgeMs, lastPacketTime } =
  PATH.shape;

/** What sessions have behind the fields of their group; what is of their path is null without one. */
const ADDITIONS = {
  ...BIT_RATE_FIELDS,
  framesPerSecond,
  width,
  height,
  keyFrameAgeMs,
  lastPacketTime,
  lostPackets: counter(),
} as const;

/** Two groups may have the same items: the schemas of each, by name. */
const SCHEMAS_BY_ID: ReadonlyMap<string, { item: z.ZodType; list: z.ZodType }> =
  new Map(
    SESSION_GROUPS.filter(({ schemaId }, i) =>
      SESSION_GROUPS.findIndex((one) => one.schemaId === schemaId) === i
    ).map((group) => {
      const item = groupSchema(group, ADDITIONS);
      const list = listSchema(`${group.schemaId}List`, item);
      return [group.schemaId, { item, list }];
    }),
  );

/** Operations on sessions and connections, those of all groups. */
export function sessionOperations(parts: ApiParts): Operation[] {
  return SESSION_GROUPS.flatMap((group) => groupOperations(group, parts));
}

function groupOperations(group: SessionGroup, parts: ApiParts): Operation[] {
  const { name, type } = group;
  const { sessions } = parts.ports;
  const schemas = SCHEMAS_BY_ID.get(group.schemaId)!;
  const whileOn =
    (handle: Operation["handle"]): Operation["handle"] => (context) =>
      group.isOn(parts.control.config) ? handle(context) : notFoundResponse();
  const all = () => sessions.list().filter((session) => session.type === type);
  const find = (context: ApiContext): SessionInfo => {
    const asked = context.req.param(parameter) ?? "";
    const id = group.isByPath ? asked : parseUuid(asked);
    const found = all().find((session) =>
      id === (group.isByPath ? session.pathName : session.id)
    );
    if (!found) throw new HttpError(404, group.notFound);
    return found;
  };
  const parameter = group.isByPath ? "name" : "id";
  const common = { tag: "Sessions", errors: [400, 404] } as const;
  const operations: Operation[] = [
    {
      ...common,
      method: "get",
      path: `/v3/${name}/list`,
      id: `${name}List`,
      summary: `Describes all ${name}, the oldest first.`,
      query: PAGE_QUERY,
      answer: schemas.list,
      handle: whileOn((context) =>
        pageResponse(
          all().sort((a, b) => a.createdAtMs - b.createdAtMs),
          (parameter) => context.req.query(parameter),
          describer(group, parts),
        )
      ),
    },
    {
      ...common,
      method: "get",
      path: `/v3/${name}/get/{${parameter}}`,
      id: `${name}Get`,
      summary: `Describes one of the ${name}.`,
      answer: schemas.item,
      handle: whileOn((context) => describer(group, parts)(find(context))),
    },
  ];
  if (!group.canBeKicked) return operations;
  return [...operations, {
    ...common,
    method: "post",
    path: `/v3/${name}/kick/{id}`,
    id: `${name}Kick`,
    summary: `Ends one of the ${name}; its client may come back.`,
    answer: OK,
    handle: whileOn((context) => {
      sessions.kick(find(context).id, KICK_REASON);
    }),
  }];
}

/** Describes sessions of one answer; each path is looked up once. */
function describer(
  group: SessionGroup,
  { ports }: ApiParts,
): (session: SessionInfo) => Record<string, unknown> {
  const { paths, rates, clock } = ports;
  const nowMs = clock.wallMs();
  const known = new Map<string, PathInfo | undefined>();
  const pathOf = (name: string): PathInfo | undefined => {
    if (name === "") return undefined;
    if (!known.has(name)) known.set(name, paths.find(name));
    return known.get(name);
  };
  const rateOf = (name: string) => rates.ofPath(name);
  return (session) => ({
    ...describeFields(group, session),
    ...bitRates(rates.ofSession(session.id)),
    ...describeStream(pathOf(session.pathName), { nowMs, rateOf }),
    lostPackets: session.lostPackets,
  });
}
