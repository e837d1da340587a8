import type { Clock } from "#base/clock.ts";
import { createLogger, type Logger } from "#base/log.ts";
import { EventBus } from "#base/event_bus.ts";
import {
  type AccessRequest,
  AuthenticationError,
  type Authenticator,
} from "#base/access.ts";
import type {
  ModulePorts,
  ServerEvent,
  SessionOwner,
  SessionRegistry,
} from "#core/ports.ts";
import type { SessionInfo } from "#core/session_info.ts";
import { DescriptionList } from "#base/description_list.ts";
import { PathManager } from "#paths/path_manager.ts";
import { PathMatcher } from "#paths/path_matcher.ts";
import type { PathSettings } from "#paths/path.ts";
import type { SourcePorts } from "#paths/path_source.ts";
import { RateSampler } from "#paths/rates.ts";
import type { PullLimits, PullSource } from "#sources/pull_source.ts";
import { FakeClock } from "./fake_clock.ts";

/** Settings of a path that everybody may publish to and read. */
export const PATH_SETTINGS: PathSettings = {
  source: "publisher",
  sourceRedirect: "",
  overridePublisher: true,
  rtspDemuxMpegts: false,
  maxReaders: 0,
  gopCache: true,
  gopCacheMaxSizeBytes: 16 * 1_024 * 1_024,
  gopCacheMaxDurationMs: 30_000,
  sourceOnDemand: false,
  sourceOnDemandStartTimeoutMs: 10_000,
  sourceOnDemandCloseAfterMs: 10_000,
  sourceReconnectMinMs: 1_000,
  sourceReconnectMaxMs: 30_000,
  sourceFingerprint: "",
  useAbsoluteTimestamp: false,
  rtspTransport: "automatic",
  rtspAnyPort: false,
  rtspRangeType: "",
  rtspRangeStart: "",
  rtspScale: "",
  rtspUDPSourcePortRange: [32_768, 60_999],
  rtspUDPReadBufferSize: 0,
  fileLoop: true,
  runOnDemand: "",
  runOnDemandRestart: false,
  runOnDemandStartTimeoutMs: 10_000,
  runOnDemandCloseAfterMs: 10_000,
  runOnUnDemand: "",
};

/** Limits of sources, as the defaults have them. */
export const PULL_LIMITS: PullLimits = {
  readTimeoutMs: 10_000,
  writeTimeoutMs: 10_000,
  udpReadBufferSize: 0,
};

/** The one user that {@linkcode passwordAuthenticator} knows. */
export const USER = { name: "ann", password: "secret" } as const;

/** Lets everybody in, as nobody. */
export const openAuthenticator: Authenticator = {
  authenticate: () => Promise.resolve({ user: "" }),
};

/** Lets {@linkcode USER} in. */
export const passwordAuthenticator: Authenticator = {
  authenticate({ credentials }: AccessRequest): Promise<{ user: string }> {
    const { kind } = credentials;
    const isRight = kind === "password"
      ? credentials.user === USER.name && credentials.password === USER.password
      : kind === "digest" && credentials.user === USER.name &&
        credentials.verify(USER.password);
    if (isRight) return Promise.resolve({ user: USER.name });
    return Promise.reject(
      new AuthenticationError("authentication failed", kind === "none"),
    );
  },
};

/** What differs from a server that is open to everybody. */
export interface TestPortsOptions {
  /** By key of the entry; one that takes every name if left out. */
  readonly paths?: Readonly<Record<string, Partial<PathSettings>>>;
  readonly authenticator?: Authenticator;
  readonly maxQueuedUnits?: number;
  /** Kinds of sources that paths can pull; none if left out. */
  readonly sources?: readonly PullSource[];
  /** Runs commands on demand; does nothing if left out. */
  readonly runDemand?: SourcePorts["runDemand"];
}

/** Real paths behind the ports that a protocol module is given, with everything that comes out of them. */
export interface TestPorts<C extends Clock = FakeClock> extends Disposable {
  readonly ports: ModulePorts;
  readonly paths: PathManager;
  readonly clock: C;
  readonly sessions: SessionRegistry;
  readonly logger: Logger;
  /** Lines of the log, `level: text`. */
  readonly lines: string[];
  readonly events: ServerEvent[];
}

/** Opens ports with a fake clock. */
export function testPorts(
  options: TestPortsOptions = {},
): TestPorts {
  return testPortsWith(new FakeClock(), options);
}

/** Opens ports with the clock given. */
export function testPortsWith<C extends Clock>(
  clock: C,
  options: TestPortsOptions = {},
): TestPorts<C> {
  const lines: string[] = [];
  const logger = createLogger(
    (level, text) => lines.push(`${level}: ${text}`),
    "debug",
  );
  const bus = new EventBus<ServerEvent>();
  const events: ServerEvent[] = [];
  bus.listen((event) => events.push(event));
  const sessions = new DescriptionList<SessionInfo>();
  const entries = Object.entries(options.paths ?? { all_others: {} });
  const authenticator = options.authenticator ?? openAuthenticator;
  const paths = new PathManager({
    matcher: new PathMatcher(
      new Map(
        entries.map((
          [key, changes],
        ) => [key, { ...PATH_SETTINGS, ...changes }]),
      ),
    ),
    authenticator,
    clock,
    logger,
    events: bus,
    maxQueuedUnits: options.maxQueuedUnits ?? 512,
    sourcePorts: {
      sources: options.sources ?? [],
      limits: PULL_LIMITS,
      runDemand: options.runDemand ?? (() => () => {}),
    },
    revision: 1,
  });
  return {
    ports: {
      access: paths,
      paths,
      authenticator,
      events: bus,
      sessions,
      rates: new RateSampler({ paths, sessions, clock }),
      clock,
      logger,
    },
    paths,
    clock,
    sessions,
    logger,
    lines,
    events,
    [Symbol.dispose]: () => void paths[Symbol.asyncDispose](),
  };
}

/** A request for access that everybody may make. */
export function accessTo(
  pathName: string,
  changes: Partial<AccessRequest> = {},
): AccessRequest {
  return {
    action: "read",
    pathName,
    query: "",
    protocol: "rtsp",
    sessionId: "0b8f61d4-58a5-4a3c-8f1f-0c8c5d0e7a01",
    ip: "192.0.2.9",
    userAgent: "",
    credentials: { kind: "none" },
    signal: new AbortController().signal,
    ...changes,
  };
}

/** Somebody to give a grant to; its lines come with the prefix `[name]`. */
export function sessionOwner(logger: Logger, name: string): SessionOwner {
  const session: SessionInfo = {
    id: name,
    type: "rtspSession",
    createdAtMs: 0,
    remoteAddress: "192.0.2.9:5000",
    state: "idle",
    pathName: "",
    query: "",
    user: "",
    userAgent: "",
    inboundBytes: 0,
    outboundBytes: 0,
    droppedUnits: 0,
    lostPackets: 0,
    details: {},
  };
  return { logger: logger.child(name), describe: () => session };
}
