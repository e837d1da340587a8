import { EventBus } from "#base/event_bus.ts";
import { createLogger } from "#base/log.ts";
import type { ServerEvent } from "#core/ports.ts";
import type { SessionInfo } from "#core/session_info.ts";
import {
  Hooks,
  type HooksConfig,
  type PathHookSettings,
} from "#hooks/hooks.ts";
import type { HookOptions } from "#hooks/hook_runner.ts";
import { assertEquals } from "#test/assert.ts";
import { sessionOwner } from "#test/test_ports.ts";
import { VIDEO } from "#test/units.ts";

const NO_HOOKS: PathHookSettings = {
  runOnInit: "",
  runOnInitRestart: false,
  runOnAvailable: "",
  runOnAvailableRestart: false,
  runOnUnavailable: "",
  runOnOnline: "",
  runOnOnlineRestart: false,
  runOnOffline: "",
  runOnRead: "",
  runOnReadRestart: false,
  runOnUnread: "",
  runOnRecordSegmentCreate: "",
  runOnRecordSegmentComplete: "",
};

const ALL_HOOKS: PathHookSettings = {
  runOnInit: "init",
  runOnInitRestart: true,
  runOnAvailable: "available",
  runOnAvailableRestart: true,
  runOnUnavailable: "unavailable",
  runOnOnline: "online",
  runOnOnlineRestart: false,
  runOnOffline: "offline",
  runOnRead: "read",
  runOnReadRestart: false,
  runOnUnread: "unread",
  runOnRecordSegmentCreate: "created",
  runOnRecordSegmentComplete: "completed",
};

const SESSION: SessionInfo = {
  ...sessionOwner(createLogger(() => {}, "info"), "").describe(),
  id: "5d1a3c3e-0000-4000-8000-000000000001",
  query: "a=b&token=x",
  user: "ann",
};

const JSON_OF_SESSION = {
  type: "rtspSession",
  id: SESSION.id,
  remoteAddr: "192.0.2.9:5000",
  user: "ann",
};

/** Hooks over a runner that only writes down; a line of a hook's logger shows its prefix. */
function openHooks(path = ALL_HOOKS, changes: Partial<HooksConfig> = {}) {
  const events = new EventBus<ServerEvent>();
  const done: string[] = [];
  const options: HookOptions[] = [];
  const prefixes: string[] = [];
  const config = {
    runOnConnect: "",
    runOnConnectRestart: false,
    runOnDisconnect: "",
    rtspAddress: "127.0.0.1:8554",
    paths: new Map([["~^cam(.)$", path]]),
    ...changes,
  };
  const note = (verb: string, hook: HookOptions) => {
    done.push(`${verb} ${hook.command}`);
    options.push(hook);
    hook.logger.info("");
  };
  const hooks = new Hooks({
    config,
    events,
    runner: {
      start(hook) {
        note(hook.restart ? "start again and again" : "start", hook);
        return { stop: () => void done.push(`stop ${hook.command}`) };
      },
      launch: (hook) => note("launch", hook),
    },
    logger: createLogger((_, text) => prefixes.push(text.trim()), "info"),
  });
  return { events, hooks, done, options, prefixes, config };
}

const opened = (pathName = "cam1"): ServerEvent => ({
  type: "pathOpened",
  pathName,
  confName: "~^cam(.)$",
  groups: [pathName.slice(-1)],
});

const ofPath = (
  type:
    | "pathAvailable"
    | "pathOnline"
    | "pathOffline"
    | "pathUnavailable"
    | "readingStarted"
    | "readingStopped",
  session = SESSION,
  pathName = "cam1",
): ServerEvent => ({ type, pathName, session, tracks: [VIDEO] });

Deno.test("Hooks runs the hooks of a path in the order of MediaMTX", () => {
  const { events, done } = openHooks();
  events.emit(opened());
  for (
    const type of [
      "pathAvailable",
      "pathOnline",
      "readingStarted",
      "pathOffline",
      "readingStopped",
      "pathUnavailable",
    ] as const
  ) events.emit(ofPath(type));
  events.emit({ type: "pathClosed", pathName: "cam1" });
  assertEquals(done, [
    "start again and again init",
    "start again and again available",
    "start online",
    "start read",
    "stop online",
    "launch offline",
    "stop read",
    "launch unread",
    "stop available",
    "launch unavailable",
    "stop init",
  ]);
});

Deno.test("Hooks tells path, groups, query and session, in variables and in webhooks", () => {
  const { events, options, prefixes } = openHooks();
  events.emit(opened());
  for (
    const type of ["pathAvailable", "readingStarted", "readingStopped"] as const
  ) events.emit(ofPath(type));
  const variables = {
    MTX_PATH: "cam1",
    RTSP_PATH: "cam1",
    RTSP_PORT: "8554",
    G1: "1",
  };
  const query = { MTX_QUERY: "a%3Db%26token%3Dx" };
  const reader = {
    MTX_READER_TYPE: "rtspSession",
    MTX_READER_ID: SESSION.id,
  };
  assertEquals(options.map((one) => one.variables), [
    variables,
    {
      ...variables,
      ...query,
      MTX_SOURCE_TYPE: "rtspSession",
      MTX_SOURCE_ID: SESSION.id,
    },
    { ...variables, ...query, ...reader },
    { ...variables, ...query, ...reader },
  ]);
  const path = { path: "cam1", confName: "~^cam(.)$", groups: ["1"] };
  const data = { ...path, query: "a=b&token=<redacted>" };
  assertEquals(options.map((one) => one.event), [
    { type: "path.opened", subject: "cam1", data: path },
    {
      type: "path.available",
      subject: "cam1",
      data: { ...data, source: JSON_OF_SESSION },
    },
    {
      type: "reading.started",
      subject: "cam1",
      data: { ...data, reader: JSON_OF_SESSION },
    },
    {
      type: "reading.stopped",
      subject: "cam1",
      data: { ...data, reader: JSON_OF_SESSION },
    },
  ]);
  assertEquals(prefixes, [
    "[path cam1]",
    "[path cam1]",
    "[RTSP] [session 5d1a3c3e]",
    "[RTSP] [session 5d1a3c3e]",
  ]);
});

Deno.test("Hooks runs the hooks of connections", () => {
  const { events, hooks, done, options, prefixes, config } = openHooks(
    NO_HOOKS,
    {
      runOnConnect: "connect",
      runOnDisconnect: "disconnect",
    },
  );
  const session = { ...SESSION, type: "rtmpsConn" } as const;
  events.emit({ type: "connectionOpened", session });
  hooks.replace({ ...config, runOnDisconnect: "changed" });
  events.emit({ type: "connectionClosed", session });
  events.emit({ type: "connectionClosed", session });
  assertEquals(done, ["start connect", "stop connect", "launch disconnect"]);
  assertEquals(options[0]!.variables, {
    MTX_CONN_TYPE: "rtmpsConn",
    MTX_CONN_ID: SESSION.id,
    RTSP_PORT: "8554",
  });
  assertEquals(options.map(({ event }) => event.type), [
    "connection.opened",
    "connection.closed",
  ]);
  assertEquals(options[0]!.event.data, {
    connection: { ...JSON_OF_SESSION, type: "rtmpsConn" },
  });
  const prefix = "[RTMPS] [conn 192.0.2.9:5000]";
  assertEquals(prefixes, [prefix, prefix]);
});

Deno.test("Hooks launches what is for the end alone, and nothing where nothing is set", () => {
  const { events, done } = openHooks({
    ...NO_HOOKS,
    runOnUnavailable: "gone",
  });
  events.emit(opened());
  events.emit(ofPath("pathAvailable"));
  events.emit(ofPath("pathOnline"));
  assertEquals(done, []);
  events.emit(ofPath("pathOffline"));
  events.emit(ofPath("pathUnavailable"));
  assertEquals(done, ["launch gone"]);
});

Deno.test("Hooks ends what began under the settings of that time, though the path was opened anew", () => {
  const { events, hooks, done, config } = openHooks({
    ...NO_HOOKS,
    runOnRead: "old",
    runOnUnread: "old end",
  });
  events.emit(opened());
  events.emit(ofPath("readingStarted"));
  const next = { ...NO_HOOKS, runOnRead: "new", runOnUnread: "new end" };
  hooks.replace({ ...config, paths: new Map([["~^cam(.)$", next]]) });
  events.emit({ type: "pathClosed", pathName: "cam1" });
  events.emit(opened());
  const other = { ...SESSION, id: "other" };
  events.emit(ofPath("readingStarted", other));
  events.emit(ofPath("readingStopped"));
  events.emit(ofPath("readingStopped", other));
  assertEquals(done, [
    "start old",
    "start new",
    "stop old",
    "launch old end",
    "stop new",
    "launch new end",
  ]);
});

Deno.test("Hooks launches those of a recording's files, though the path may be closed", () => {
  const { events, done, hooks } = openHooks();
  const path = { pathName: "cam1", confName: "~^cam(.)$", groups: ["1"] };
  const file = "/rec/cam1/a.mp4";
  events.emit({ type: "segmentCreated", ...path, file, durationMs: 0 });
  events.emit({ type: "pathOpened", ...path });
  done.length = 0;
  events.emit({ type: "segmentCompleted", ...path, file, durationMs: 1 });
  assertEquals(done, ["launch completed"]);
  const unknown = { ...path, confName: "other", pathName: "other" };
  events.emit({ type: "segmentCompleted", ...unknown, file, durationMs: 1 });
  assertEquals(done.length, 1);
  hooks[Symbol.dispose]();
});

Deno.test("Hooks stops what runs when it is disposed of, once, and hears nothing any more", () => {
  const { events, hooks, done } = openHooks({
    ...NO_HOOKS,
    runOnInit: "init",
  });
  events.emit(opened());
  hooks[Symbol.dispose]();
  hooks[Symbol.dispose]();
  events.emit(opened("cam2"));
  assertEquals(done, ["start init", "stop init"]);
});
