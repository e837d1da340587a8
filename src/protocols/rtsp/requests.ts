import {
  type AccessRequest,
  type Action,
  AuthenticationError,
} from "#base/access.ts";
import { serializeSessionDescription } from "#formats/sdp/serialize.ts";
import type { RtspAnswer, RtspConnection } from "./connection.ts";
import { RtspError } from "./errors.ts";
import { servedMedia } from "./served_media.ts";
import { RtspSession } from "./session.ts";
import { parseSession, serializeSession } from "./wire/headers/session.ts";
import type { RtspRequest } from "./wire/request.ts";
import {
  announceTarget,
  parseRtspUrl,
  type RtspUrl,
  serializeRtspUrl,
  type StreamTarget,
  streamTarget,
} from "./wire/rtsp_url.ts";

/** Silence in seconds after which a peer must expect its session to end; five less than it really is. */
const ADVERTISED_TIMEOUT_SECONDS = 55;

/** Sessions that one connection may have at a time. */
const MAX_SESSIONS_OF_CONNECTION = 8;

const METHODS =
  "DESCRIBE, ANNOUNCE, SETUP, PLAY, RECORD, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN";

/**
 * Does what a request asks for.
 *
 * @throws {RtspError | ParseError | PathError | AuthenticationError} what the answer's status is made of.
 */
export async function handleRequest(
  connection: RtspConnection,
  request: RtspRequest,
): Promise<RtspAnswer> {
  switch (request.method) {
    case "OPTIONS":
      sessionOf(connection, request)?.touch();
      return { status: 200, headers: { Public: METHODS } };
    case "DESCRIBE":
      return await describe(connection, request);
    case "ANNOUNCE":
      return await announce(connection, request);
    case "SETUP":
      return await setup(connection, request);
    case "PLAY":
    case "RECORD":
    case "PAUSE":
    case "TEARDOWN":
    case "GET_PARAMETER":
    case "SET_PARAMETER":
      return inSession(connection, request);
    default:
      return { status: 501 };
  }
}

/** What a request wants, for the guard of the paths. */
export function accessRequest(
  connection: RtspConnection,
  request: RtspRequest,
  action: Action,
  target: StreamTarget,
  sessionId: string,
): AccessRequest {
  return {
    action,
    pathName: target.pathName,
    query: target.query,
    protocol: "rtsp",
    sessionId,
    ip: connection.stream.peer.ip,
    userAgent: connection.userAgent,
    credentials: connection.credentials(request),
    signal: connection.signal,
  };
}

async function describe(
  connection: RtspConnection,
  request: RtspRequest,
): Promise<RtspAnswer> {
  const url = parseRtspUrl(request.url);
  const target = streamTarget(url);
  const { access } = connection.context.ports;
  const description = await access.describe(
    accessRequest(connection, request, "read", target, connection.id),
  ).catch((error) => {
    logRefusal(connection.logger, error);
    throw error;
  });
  if (description.kind === "redirect") {
    const location = absoluteTarget(url, description.target);
    return { status: 302, headers: { Location: location } };
  }
  const wantsMulticast = connection.context.multicast !== undefined &&
    /(^|&)vlcmulticast(&|=|$)/.test(target.query);
  const sdp = serializeSessionDescription({
    sessionName: "",
    connectionAddress: wantsMulticast ? "224.1.0.0" : "0.0.0.0",
    control: undefined,
    keyMgmt: undefined,
    attributes: [],
    media: servedMedia(description.stream, connection),
  });
  return {
    status: 200,
    headers: {
      "Content-Base": `${request.url.replace(/\/$/, "")}/`,
      "Content-Type": "application/sdp",
    },
    body: new TextEncoder().encode(sdp),
  };
}

async function announce(
  connection: RtspConnection,
  request: RtspRequest,
): Promise<RtspAnswer> {
  const type = request.headers.get("Content-Type") ?? "";
  if (type.split(";")[0]!.trim().toLowerCase() !== "application/sdp") {
    throw new RtspError(
      400,
      `Content-Type of ANNOUNCE is "${type}", wanted "application/sdp"`,
    );
  }
  const url = parseRtspUrl(request.url);
  const session = openedSession(connection, request);
  await session.announce(
    connection,
    request,
    url,
    announceTarget(url),
  );
  return { status: 200 };
}

async function setup(
  connection: RtspConnection,
  request: RtspRequest,
): Promise<RtspAnswer> {
  const session = openedSession(connection, request);
  const transport = await session.setup(connection, request);
  return withSession(session, { status: 200, headers: { ...transport } });
}

function inSession(
  connection: RtspConnection,
  request: RtspRequest,
): RtspAnswer {
  const session = sessionOf(connection, request);
  const { method } = request;
  if (session === undefined) {
    if (method.endsWith("_PARAMETER")) return { status: 501 };
    throw new RtspError(454, `${method} without a session`);
  }
  session.touch();
  switch (method) {
    case "PLAY":
      return withSession(session, session.play(connection, request));
    case "RECORD":
      return withSession(session, session.record(connection));
    case "PAUSE":
      if (session.isDemuxing) {
        // The connection ends with the answer, and so does what it controls.
        session.tearDown(connection);
        throw new RtspError(400, "PAUSE of MPEG-TS that is taken apart");
      }
      session.pause();
      return withSession(session, { status: 200 });
    case "TEARDOWN":
      return {
        status: 200,
        afterwards: () => session.tearDown(connection),
      };
    default:
      return withSession(session, {
        status: 200,
        headers: { "Content-Type": "text/parameters" },
      });
  }
}

/** Session that is set up here; without its id it is the one that has been begun, unless its media flows already. */
function openedSession(
  connection: RtspConnection,
  request: RtspRequest,
): RtspSession {
  const session = sessionOf(connection, request);
  const isNew = session === undefined ||
    session.isActive && !request.headers.has("Session");
  return isNew ? openSession(connection) : session;
}

/** Session that a request names, or else the one of its connection. */
function sessionOf(
  connection: RtspConnection,
  request: RtspRequest,
): RtspSession | undefined {
  const text = request.headers.get("Session");
  if (text === undefined) return [...connection.sessions].at(-1);
  const { id } = parseSession(text);
  const session = connection.context.sessions.get(id);
  if (session === undefined) {
    throw new RtspError(454, `session "${id}" does not exist`);
  }
  if (!connection.sessions.has(session)) limitSessions(connection);
  session.join(connection);
  return session;
}

function openSession(connection: RtspConnection): RtspSession {
  limitSessions(connection);
  return new RtspSession(connection);
}

function limitSessions({ sessions }: RtspConnection): void {
  if (sessions.size < MAX_SESSIONS_OF_CONNECTION) return;
  throw new RtspError(
    400,
    `a connection has at most ${MAX_SESSIONS_OF_CONNECTION} sessions`,
  );
}

function withSession(session: RtspSession, answer: RtspAnswer): RtspAnswer {
  const header = serializeSession({
    id: session.key,
    timeoutSeconds: ADVERTISED_TIMEOUT_SECONDS,
  });
  return { ...answer, headers: { ...answer.headers, Session: header } };
}

function absoluteTarget(base: RtspUrl, target: string): string {
  if (!target.startsWith("/")) return target;
  return serializeRtspUrl({ ...base, path: target, query: "" });
}

/** Writes the line that tools look for when a peer was refused. */
export function logRefusal(
  logger: { warn(message: string): void },
  error: unknown,
): void {
  if (!(error instanceof AuthenticationError) || error.isChallenge) return;
  logger.warn(`failed to authenticate: ${error.message}`);
}
