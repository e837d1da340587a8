import type { Logger } from "#base/log.ts";
import { redactCredentials } from "#base/redact.ts";
import type { SegmentEvent } from "#base/segment_event.ts";
import type { EventPort, ServerEvent } from "#core/ports.ts";
import type { SessionInfo } from "#core/session_info.ts";
import { sessionJson } from "#events/event_json.ts";
import type { ConnectionHookConfig, PathHookConfig } from "./config.ts";
import type { HookOptions, HookStarter } from "./hook_runner.ts";
import {
  type HookPath,
  pathVariables,
  portOf,
  sessionVariables,
} from "./hook_variables.ts";
import { segmentHook, type SegmentHookSettings } from "./segment_hooks.ts";

/** What of a path's settings its hooks read. */
export type PathHookSettings =
  & Pick<
    PathHookConfig,
    | "runOnInit"
    | "runOnInitRestart"
    | "runOnAvailable"
    | "runOnAvailableRestart"
    | "runOnUnavailable"
    | "runOnOnline"
    | "runOnOnlineRestart"
    | "runOnOffline"
    | "runOnRead"
    | "runOnReadRestart"
    | "runOnUnread"
  >
  & SegmentHookSettings;

/** What of the configuration hooks read. */
export interface HooksConfig extends
  Pick<
    ConnectionHookConfig,
    "runOnConnect" | "runOnConnectRestart" | "runOnDisconnect"
  > {
  readonly rtspAddress: string;
  readonly paths: ReadonlyMap<string, PathHookSettings>;
}

/** What hooks are given. */
export interface HooksOptions {
  readonly config: HooksConfig;
  readonly events: Pick<EventPort, "listen">;
  readonly runner: HookStarter;
  readonly logger: Logger;
}

/** A path that is open, under the settings that it was opened with. */
interface OpenPath extends HookPath {
  readonly confName: string;
  readonly settings: PathHookSettings;
}

/** What lasts at a path: the hooks of its beginning and end, as keys and as types of events. */
const PATH_SPANS = {
  available: {
    begin: ["runOnAvailable", "path.available"],
    end: ["runOnUnavailable", "path.unavailable"],
    role: "source",
  },
  online: {
    begin: ["runOnOnline", "path.online"],
    end: ["runOnOffline", "path.offline"],
    role: "source",
  },
  reading: {
    begin: ["runOnRead", "reading.started"],
    end: ["runOnUnread", "reading.stopped"],
    role: "reader",
  },
} as const;

/** A session does something at a path. */
interface PathEvent {
  readonly pathName: string;
  readonly session: SessionInfo;
}

/** A hook while something lasts, and one when it is over. */
interface Span {
  readonly begin: Hook & { readonly restart: boolean };
  readonly end?: Hook;
  /** What both are told. */
  readonly told: Told;
}

/** One key of the configuration; there is no hook if the command is empty. */
interface Hook {
  readonly name: string;
  readonly command: string;
  /** Type of the event, for webhooks. */
  readonly type: string;
}

interface Told {
  readonly subject: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, unknown>>;
  readonly logger: Logger;
}

/** Runs the hooks of the configuration on what happens; those of paths keep the settings that the path was opened with. */
export class Hooks implements Disposable {
  #options: HooksOptions;
  #config: HooksConfig;
  #paths = new Map<string, OpenPath>();
  /** Ends what has begun, by kind, session and path. */
  #ends = new Map<string, () => void>();
  #listening: Disposable;

  /** Listens from now on. */
  constructor(options: HooksOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#listening = options.events.listen((event) => this.#handle(event));
  }

  /** Takes another configuration: for connections and paths from now on. */
  replace(config: HooksConfig): void {
    this.#config = config;
  }

  /** Stops every command that still runs, and listens no more. */
  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
    for (const key of [...this.#ends.keys()]) this.#end(key);
  }

  #handle(event: ServerEvent): void {
    switch (event.type) {
      case "connectionOpened":
        return this.#beginConnection(event.session);
      case "connectionClosed":
        return this.#end(`connection ${event.session.id}`);
      case "pathOpened":
        return this.#openPath(event);
      case "pathClosed":
        this.#paths.delete(event.pathName);
        return this.#end(`path ${event.pathName}`);
      case "pathAvailable":
        return this.#beginAtPath("available", event);
      case "pathUnavailable":
        return this.#end(keyOf("available", event));
      case "pathOnline":
        return this.#beginAtPath("online", event);
      case "pathOffline":
        return this.#end(keyOf("online", event));
      case "readingStarted":
        return this.#beginAtPath("reading", event);
      case "readingStopped":
        return this.#end(keyOf("reading", event));
      case "segmentCreated":
      case "segmentCompleted":
        return this.#launchForSegment(event);
    }
  }

  #beginConnection(session: SessionInfo): void {
    const { runOnConnect, runOnConnectRestart, runOnDisconnect, rtspAddress } =
      this.#config;
    const { type, id } = session;
    this.#begin(`connection ${id}`, {
      begin: {
        name: "runOnConnect",
        command: runOnConnect,
        restart: runOnConnectRestart,
        type: "connection.opened",
      },
      end: {
        name: "runOnDisconnect",
        command: runOnDisconnect,
        type: "connection.closed",
      },
      told: {
        subject: id,
        variables: {
          MTX_CONN_TYPE: type,
          MTX_CONN_ID: id,
          RTSP_PORT: portOf(rtspAddress),
        },
        data: { connection: sessionJson(session) },
        logger: sessionLogger(this.#options.logger, session),
      },
    });
  }

  #openPath(event: ServerEvent & { type: "pathOpened" }): void {
    const { pathName, confName, groups } = event;
    const settings = this.#config.paths.get(confName);
    if (!settings) return;
    const rtspPort = portOf(this.#config.rtspAddress);
    const path = { pathName, confName, groups, rtspPort, settings };
    this.#paths.set(pathName, path);
    this.#begin(`path ${pathName}`, {
      begin: {
        name: "runOnInit",
        command: settings.runOnInit,
        restart: settings.runOnInitRestart,
        type: "path.opened",
      },
      told: {
        subject: pathName,
        variables: pathVariables(path),
        data: { path: pathName, confName, groups },
        logger: this.#options.logger.child(`path ${pathName}`),
      },
    });
  }

  #beginAtPath(kind: keyof typeof PATH_SPANS, event: PathEvent): void {
    const path = this.#paths.get(event.pathName);
    if (!path) return;
    const { settings } = path;
    const { role, ...span } = PATH_SPANS[kind];
    const [name, type] = span.begin;
    const [endName, endType] = span.end;
    this.#begin(keyOf(kind, event), {
      begin: {
        name,
        command: settings[name],
        restart: settings[`${name}Restart`],
        type,
      },
      end: { name: endName, command: settings[endName], type: endType },
      told: this.#toldOf(path, role, event.session),
    });
  }

  /** The path may be closed already: the disk takes its time. */
  #launchForSegment(event: SegmentEvent): void {
    const { runner, logger } = this.#options;
    const { pathName, confName } = event;
    const settings = this.#paths.get(pathName)?.settings ??
      this.#config.paths.get(confName);
    if (!settings) return;
    const rtspPort = portOf(this.#config.rtspAddress);
    const hook = segmentHook(event, { settings, rtspPort, logger });
    if (hook) runner.launch(hook);
  }

  #toldOf(
    path: OpenPath,
    role: "source" | "reader",
    session: SessionInfo,
  ): Told {
    const { logger } = this.#options;
    const { pathName, confName, groups } = path;
    return {
      subject: pathName,
      variables: {
        ...pathVariables(path),
        ...sessionVariables(role, session),
      },
      data: {
        path: pathName,
        confName,
        groups,
        query: redactCredentials(session.query),
        [role]: sessionJson(session),
      },
      logger: role === "reader"
        ? sessionLogger(logger, session)
        : logger.child(`path ${pathName}`),
    };
  }

  #begin(key: string, { begin, end, told }: Span): void {
    const hasEnd = end !== undefined && end.command !== "";
    if (begin.command === "" && !hasEnd) return;
    const { runner } = this.#options;
    const running = begin.command === ""
      ? undefined
      : runner.start({ ...hookOf(begin, told), restart: begin.restart });
    this.#ends.set(key, () => {
      running?.stop();
      if (hasEnd) runner.launch(hookOf(end, told));
    });
  }

  #end(key: string): void {
    const end = this.#ends.get(key);
    this.#ends.delete(key);
    end?.();
  }
}

function hookOf({ name, command, type }: Hook, told: Told): HookOptions {
  const { subject, variables, data, logger } = told;
  return { name, command, variables, event: { type, subject, data }, logger };
}

/** The same path may be opened anew before the sessions of the one before have ended. */
function keyOf(
  kind: keyof typeof PATH_SPANS,
  { pathName, session }: PathEvent,
): string {
  return `${kind} ${session.id} ${pathName}`;
}

/** A logger with the prefix of the session's own lines. */
function sessionLogger(logger: Logger, session: SessionInfo): Logger {
  const { type, id, remoteAddress } = session;
  const [, protocol = type, kind] = /^(.+)(Conn|Session)$/.exec(type) ?? [];
  const owner = kind === "Session"
    ? `session ${id.slice(0, 8)}`
    : `conn ${remoteAddress}`;
  return logger.child(protocol.toUpperCase()).child(owner);
}
